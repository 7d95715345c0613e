/** What `names` has for a server name: its own entry, or that of `*.` one label above it. */
export function findByName<T>(names: ReadonlyMap<string, T>, serverName: string): T | undefined {
  const name = serverName.toLowerCase();
  const dot = name.indexOf(".");
  return names.get(name) ?? (dot > 0 ? names.get("*" + name.slice(dot)) : undefined);
}

/** Names in the import map of deno.json that no module imports: packages that would be dead weight. */

/**
 * The unused names, as `deno.json: why`. `sources` are the texts of all modules. Pure.
 *
 * The map is read line by line because deno.json has comments.
 */
export function unusedImports(denoJson: string, sources: readonly string[]): string[] {
  const names = [...denoJson.matchAll(/^\s*"([^"]+)": "(?:npm|jsr):/gm)].map((match) => match[1]);
  return names
    .filter((name) => !sources.some((source) => source.includes(`from "${name}"`)))
    .map((name) => `deno.json: nothing imports ${name}: remove it from the import map`);
}

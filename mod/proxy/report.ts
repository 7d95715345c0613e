/** The proxy's standard output. */

/** Writes h2o's message for a valid configuration (`-t`). */
export function reportConfigurationOk(): void {
  const bytes = new TextEncoder().encode("configuration OK\n");
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

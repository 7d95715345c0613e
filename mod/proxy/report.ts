/** What the proxy says on standard output. */

/** h2o's answer to `-t`. */
export function reportConfigurationOk(): void {
  const bytes = new TextEncoder().encode("configuration OK\n");
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

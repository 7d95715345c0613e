/** The certificate that a server of 127.0.0.1 shows for a name, as openssl reads it. */
import { peerPath } from "./peers.ts";

/** Serial number and issuer in one text; "" without a certificate. */
export async function servedCertificate(port: number, name: string): Promise<string> {
  const openssl = peerPath("openssl");
  const command = `${openssl} s_client -connect 127.0.0.1:${port} -servername ${name} </dev/null ` +
    `2>/dev/null | ${openssl} x509 -noout -serial -issuer`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  return new TextDecoder().decode(stdout);
}

/** Waits until a certificate is shown for which `isWanted` holds, and returns it. */
export async function certificateThat(
  port: number,
  name: string,
  isWanted: (certificate: string) => boolean,
): Promise<string> {
  let served = "";
  for (let attempts = 0; attempts < 150; attempts++) {
    served = await servedCertificate(port, name);
    if (isWanted(served)) return served;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`Waited in vain for another certificate than ${served}`);
}

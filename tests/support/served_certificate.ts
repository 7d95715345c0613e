/** The certificate that a server shows for a name, as openssl reads it. */
import { peerPath } from "./peers.ts";

/** Serial number and issuer in one text; "" without a certificate. */
export async function servedCertificate(
  port: number,
  name: string,
  host = "127.0.0.1",
): Promise<string> {
  const openssl = peerPath("openssl");
  const command = `${openssl} s_client -connect ${host}:${port} -servername ${name} </dev/null ` +
    `2>/dev/null | ${openssl} x509 -noout -serial -issuer`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  return new TextDecoder().decode(stdout);
}

/** Waits until a certificate is shown for which `isWanted` holds, and returns it. */
export async function certificateThat(
  port: number,
  name: string,
  isWanted: (certificate: string) => boolean,
  host = "127.0.0.1",
): Promise<string> {
  let served = "";
  for (let attempts = 0; attempts < 150; attempts++) {
    served = await servedCertificate(port, name, host);
    if (isWanted(served)) return served;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`Waited in vain for another certificate than ${served}`);
}

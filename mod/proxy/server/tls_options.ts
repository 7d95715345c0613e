import type { ServerContextOptions } from "../../tls/server_context.ts";
import type { ListenPlan } from "../plan/plan.ts";

/** Returns the TLS options of a listener's `listen.ssl`; null: plain HTTP. */
export function tlsOptionsOf(
  { tls, certificatesByHost, http2 }: ListenPlan,
): ServerContextOptions | null {
  if (tls === null) return null;
  const optional = {
    minimumVersion: tls.minimumVersion,
    maximumVersion: tls.maximumVersion,
    cipherSuite: tls.cipherSuite,
    cipherSuiteTls13: tls.cipherSuiteTls13,
    clientCaFile: tls.clientCaFile,
    groups: tls.groups,
  };
  return {
    identities: [
      {
        certificates: tls.certificates,
        ...(tls.ocspFile === null ? {} : { ocspFile: tls.ocspFile }),
      },
      ...certificatesByHost,
    ],
    withoutHttp2: !http2,
    preferServerCiphers: tls.preferServerCiphers,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== null)),
  };
}

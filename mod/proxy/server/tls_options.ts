import { certificatePath } from "../../acme/store/state_folder.ts";
import type { Identity, ServerContextOptions } from "../../tls/server_context.ts";
import type { ListenPlan } from "../plan/plan.ts";

/**
 * Returns the TLS options of a listener's `listen.ssl`; null: plain HTTP. `acmeFolder`: where the
 * certificates of a CA lie; null: there are none yet, and a listener with no others has no options.
 */
export function tlsOptionsOf(
  { tls, certificatesByHost, managedNames, http2 }: ListenPlan,
  acmeFolder: string | null,
): ServerContextOptions | null {
  if (tls === null) return null;
  const optional = {
    minimumVersion: tls.minimumVersion,
    maximumVersion: tls.maximumVersion,
    cipherSuite: tls.cipherSuite,
    cipherSuiteTls13: tls.cipherSuiteTls13,
    clientCaFile: tls.clientCaFile,
    groups: tls.groups,
    challengeFolder: managedNames.length > 0 && acmeFolder !== null
      ? `${acmeFolder}/challenges`
      : null,
  };
  const own = {
    certificates: tls.certificates,
    ...(tls.ocspFile === null ? {} : { ocspFile: tls.ocspFile }),
  };
  const identities = [
    ...(tls.certificates.length === 0 ? [] : [own]),
    ...certificatesByHost,
    ...(acmeFolder === null ? [] : managedNames.map((name) => identityOf(acmeFolder, name))),
  ];
  if (identities.length === 0) return null;
  return {
    identities,
    withoutHttp2: !http2,
    preferServerCiphers: tls.preferServerCiphers,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== null)),
  };
}

/** One file has both, so that they change together. */
function identityOf(acmeFolder: string, name: string): Identity {
  const file = certificatePath(acmeFolder, name);
  return { certificates: [{ certificateFile: file, keyFile: file }], names: [name] };
}

import { certificatePath, challengeFolderOf } from "../../acme/store/state_folder.ts";
import type { Identity, ServerContextOptions } from "../../tls/server_context.ts";
import type { ListenPlan, TlsPlan } from "../plan/plan.ts";

/**
 * Returns the TLS options of a listener's `listen.ssl`; null: plain HTTP. `acmeFolder`: where the
 * certificates of a CA lie; null: there are none yet, and a listener with no others has no options.
 */
export function tlsOptionsOf(
  listen: ListenPlan,
  acmeFolder: string | null,
): ServerContextOptions | null {
  const { tls, certificatesByHost, managedNames } = listen;
  if (tls === null) return null;
  const identities = [
    ...(tls.certificates.length === 0 ? [] : [ownIdentity(tls)]),
    ...certificatesByHost,
    ...(acmeFolder === null ? [] : managedNames.map((name) => identityOf(acmeFolder, name))),
  ];
  return identities.length === 0 ? null : optionsOf(listen, tls, identities, acmeFolder);
}

/**
 * The options to be checked. Where a CA will give all certificates, they have none: versions, suites
 * and the clients' CAs can be tried without. null: plain HTTP.
 */
export function checkableTlsOptions(
  listen: ListenPlan,
  acmeFolder: string | null,
): ServerContextOptions | null {
  const { tls } = listen;
  if (tls === null) return null;
  return tlsOptionsOf(listen, acmeFolder) ?? optionsOf(listen, tls, [{ certificates: [] }], null);
}

function optionsOf(
  { managedNames, http2 }: ListenPlan,
  tls: TlsPlan,
  identities: readonly Identity[],
  acmeFolder: string | null,
): ServerContextOptions {
  const optional = {
    minimumVersion: tls.minimumVersion,
    maximumVersion: tls.maximumVersion,
    cipherSuite: tls.cipherSuite,
    cipherSuiteTls13: tls.cipherSuiteTls13,
    clientCaFile: tls.clientCaFile,
    groups: tls.groups,
    challengeFolder: managedNames.length > 0 && acmeFolder !== null
      ? challengeFolderOf(acmeFolder)
      : null,
  };
  return {
    identities,
    withoutHttp2: !http2,
    preferServerCiphers: tls.preferServerCiphers,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== null)),
  };
}

function ownIdentity({ certificates, ocspFile }: TlsPlan): Identity {
  return { certificates, ...(ocspFile === null ? {} : { ocspFile }) };
}

/** One file has both, so that they change together. */
function identityOf(acmeFolder: string, name: string): Identity {
  const file = certificatePath(acmeFolder, name);
  return { certificates: [{ certificateFile: file, keyFile: file }], names: [name] };
}

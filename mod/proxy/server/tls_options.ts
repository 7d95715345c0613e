import { certificatePath, challengeFolderOf } from "../../acme/store/state_folder.ts";
import { bothIn } from "../../tls/kept_pair.ts";
import type { Identity, ServerContextOptions } from "../../tls/server_context.ts";
import type { AcmePlan, ListenPlan, TlsPlan } from "../plan/plan.ts";

/**
 * Returns the TLS options of a listener's `listen.ssl`; null: plain HTTP. `acme`: where the
 * certificates of a CA lie; as long as there are none, a listener with no others has no options.
 */
export function tlsOptionsOf(
  listen: ListenPlan,
  acme: AcmePlan | null,
): ServerContextOptions | null {
  const { tls, certificatesByHost, managedNames } = listen;
  if (tls === null) return null;
  const identities = [
    ...(tls.certificates.length === 0 ? [] : [ownIdentity(tls)]),
    ...certificatesByHost,
    ...(acme === null ? [] : managedIdentities(acme, managedNames)),
  ];
  return identities.length === 0 ? null : optionsOf(listen, tls, identities, acme);
}

/**
 * The options to be checked. Where a CA will give all certificates, they have none: versions, suites
 * and the clients' CAs can be tried without. null: plain HTTP.
 */
export function checkableTlsOptions(
  listen: ListenPlan,
  acme: AcmePlan | null,
): ServerContextOptions | null {
  const { tls } = listen;
  if (tls === null) return null;
  return tlsOptionsOf(listen, acme) ?? optionsOf(listen, tls, [{ certificates: [] }], null);
}

function optionsOf(
  { managedNames, http2 }: ListenPlan,
  tls: TlsPlan,
  identities: readonly Identity[],
  acme: AcmePlan | null,
): ServerContextOptions {
  const optional = {
    minimumVersion: tls.minimumVersion,
    maximumVersion: tls.maximumVersion,
    cipherSuite: tls.cipherSuite,
    cipherSuiteTls13: tls.cipherSuiteTls13,
    clientCaFile: tls.clientCaFile,
    groups: tls.groups,
    challengeFolder: managedNames.length > 0 ? challengeFolderIn(acme) : null,
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

function managedIdentities(
  { folder, standIn }: AcmePlan,
  names: readonly string[],
): readonly Identity[] {
  if (standIn !== null) return names.length === 0 ? [] : [{ certificates: [standIn], names }];
  if (folder === null) return [];
  // One file has both, so that they change together.
  const filesOf = (name: string) => bothIn(certificatePath(folder, name));
  return names.map((name) => ({ certificates: [filesOf(name)], names: [name] }));
}

/** The folder of pending challenges; null: nothing is ordered, or there is none yet. */
export function challengeFolderIn(acme: AcmePlan | null): string | null {
  const folder = acme?.folder ?? null;
  return folder === null ? null : challengeFolderOf(folder);
}

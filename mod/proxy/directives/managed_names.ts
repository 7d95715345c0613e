/** For which host names the certificates come from the CA of `acme`. */
import { nameFault } from "../../acme/core/name_fault.ts";
import type { AcmePlan } from "../plan/plan.ts";
import type { HostDraft, ListenDraft, PlanDraft } from "./draft/drafts.ts";

/** The names on a listener that takes its certificates from the CA. */
export function managedNames(
  { tls }: ListenDraft,
  hosts: readonly { readonly name: string }[],
): readonly string[] {
  if (tls === null || tls.certificates.length > 0) return [];
  return [...new Set(hosts.map(({ name }) => name).filter((name) => nameFault(name) === null))];
}

/** Reports what keeps the CA from giving certificates. `needsListen`: all listeners are known. */
export function checkManaged(draft: PlanDraft, needsListen: boolean): void {
  const shared = draft.hosts.filter(({ listens }) => listens.length === 0);
  const managed = [
    ...draft.listens.map((listen) => ({ listen, hosts: shared })),
    ...draft.hosts.flatMap((host) => host.listens.map((listen) => ({ listen, hosts: [host] }))),
  ].filter(({ listen: { tls } }) => tls !== null && tls.certificates.length === 0);
  const { acme } = draft.global;
  if (acme === null) return;
  for (const { listen, hosts } of managed) checkNames(draft, acme, listen, hosts);
  if (managed.length === 0) {
    draft.problems.add(acme.at, "acme: no `listen` has `ssl: {}`, so that nothing is ordered");
  } else if (needsListen && !isReachable(draft)) {
    draft.notices.push(
      `[${acme.at.file}:${acme.at.line}] acme: no listener on port 80 or 443; the CA must reach ` +
        "one through a forwarded port",
    );
  }
}

function checkNames(
  draft: PlanDraft,
  acme: AcmePlan,
  listen: ListenDraft,
  hosts: readonly HostDraft[],
): void {
  if (managedNames(listen, hosts).length === 0) {
    const reasons = hosts.map(({ name }) => `${name}: ${nameFault(name)}`);
    draft.problems.add(
      listen.at,
      `listen.ssl: acme finds no name for a certificate (${reasons.join("; ")})`,
    );
    return;
  }
  for (const { name } of hosts) {
    const fault = nameFault(name);
    if (fault === null) continue;
    const notice =
      `[${acme.at.file}:${acme.at.line}] acme: no certificate for ${name}: ${fault}; ` +
      "it is served with that of another host";
    if (!draft.notices.includes(notice)) draft.notices.push(notice);
  }
}

/** HTTP-01 is validated on port 80, TLS-ALPN-01 on port 443. */
function isReachable(draft: PlanDraft): boolean {
  const listens = [...draft.listens, ...draft.hosts.flatMap(({ listens }) => listens)];
  return listens.some(({ address, tls }) =>
    address.kind === "tcp" && address.port === (tls === null ? 80 : 443)
  );
}

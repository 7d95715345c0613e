/** For which host names the certificates come from the CA of `acme`. */
import { isIpLiteral } from "../../config/mod.ts";
import { nameFault } from "../../acme/core/name_fault.ts";
import { challengesOf } from "../plan/challenges.ts";
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
  } else if (needsListen) {
    checkReach(draft, acme);
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
      "listen.ssl: acme finds no name for a certificate " +
        `(${reasons.join("; ") || "every host has a `listen` of its own"})`,
    );
    return;
  }
  for (const { name } of hosts) {
    const fault = nameFault(name);
    if (fault === null) continue;
    // Who names it wants it served over TLS; an address or `default` only catches what else comes.
    if (!isCatchAll(name)) {
      draft.problems.add(
        listen.at,
        `listen.ssl: acme gets no certificate for ${name}: ${fault}; a host with a \`listen\` of ` +
          "its own is not served here",
      );
      continue;
    }
    const notice =
      `[${acme.at.file}:${acme.at.line}] acme: no certificate for ${name}: ${fault}; ` +
      "it is served with that of another host";
    if (!draft.notices.includes(notice)) draft.notices.push(notice);
  }
}

/** True for keys of `hosts` that nobody expects a CA's certificate for: `default`, addresses. */
function isCatchAll(name: string): boolean {
  return !name.includes(".") || isIpLiteral(name) || name.startsWith("[");
}

/** HTTP-01 is validated on port 80, TLS-ALPN-01 on port 443; one of them is enough. */
function checkReach(draft: PlanDraft, acme: AcmePlan): void {
  const listens = [...draft.listens, ...draft.hosts.flatMap(({ listens }) => listens)];
  const challenges = challengesOf(
    acme,
    listens.map(({ address, tls }) => ({
      address,
      isTls: tls !== null,
      isManaged: tls !== null && tls.certificates.length === 0,
    })),
  );
  const { at, httpPort, tlsPort } = acme;
  if (challenges.length === 0) {
    draft.problems.add(
      at,
      `acme: the CA reaches no listener: HTTP-01 needs port ${httpPort} without ssl, TLS-ALPN-01 ` +
        `port ${tlsPort} with \`ssl: {}\`; where 80 or 443 is forwarded to another port, ` +
        "`http-port` or `tls-port` names it",
    );
  } else if (challenges.length === 1) {
    const missing = challenges[0] === "http-01"
      ? `port ${tlsPort} with \`ssl: {}\``
      : `port ${httpPort} without ssl`;
    const only = challenges[0] === "http-01" ? "HTTP-01" : "TLS-ALPN-01";
    draft.notices.push(
      `[${at.file}:${at.line}] acme: no listener on ${missing}; the CA validates by ${only} alone`,
    );
  }
}

/** TLS of the sockets that our own modes serve. */
import { allVariables } from "../process/environment.ts";
import { type FormerTls, prepareAppliance } from "../tls/appliance.ts";
import type { AcmeTls } from "./acme.ts";
import type { ListenSpec } from "../config/listen_spec.ts";
import type { RunPlan } from "./plan/plan.ts";

const noTls: AcmeTls = {
  variables: {},
  note: "",
  fault: null,
  selfSigned: null,
  begin: () => {},
  stop: () => {},
  dispose: () => {},
};

/**
 * The plan's sockets, with `tls` only where workers will speak it: other programs set up their own
 * TLS, and a host without OpenSSL has none. `former`: of the supervisor that this one takes over from.
 */
export async function prepareTls(
  plan: RunPlan,
  former?: FormerTls,
): Promise<{ tls: AcmeTls; listen: readonly ListenSpec[] }> {
  const isWanted = plan.own && plan.listen.some((spec) => spec.tls);
  const prepared = isWanted ? await prepare(plan.listen, former) : noTls;
  const tls = hasOwnCertificate(plan.command) ? { ...prepared, note: "" } : prepared;
  const works = Object.keys(tls.variables).length > 0;
  return { tls, listen: plan.listen.map((spec) => ({ ...spec, tls: works && spec.tls })) };
}

/** `serve` says itself whose certificate it shows then. */
function hasOwnCertificate([mode, ...words]: readonly string[]): boolean {
  return mode === "serve" && words.some((word) => /^--(domain|cert)(=|$)/.test(word));
}

async function prepare(listen: readonly ListenSpec[], former?: FormerTls): Promise<AcmeTls> {
  const variables = allVariables();
  const { fault, begin, stop } = noTls;
  const ordered = variables["TLS_DOMAIN"]
    ? await (await import("./acme.ts")).prepareAcme(listen, variables, former)
    : null;
  const sockets = listen.filter(({ tls }) => tls).map(({ name }) => name);
  return ordered ??
    { ...prepareAppliance(sockets, variables, former), ...{ fault, begin, stop } };
}

/** TLS of the sockets that our own modes serve. */
import { allVariables } from "../process/environment.ts";
import { type ApplianceTls, prepareAppliance } from "../tls/appliance.ts";
import type { ListenSpec } from "./plan/listen_spec.ts";
import type { RunPlan } from "./plan/plan.ts";

const noTls: ApplianceTls = { variables: {}, note: "", dispose: () => {} };

/**
 * The plan's sockets, with `tls` only where workers will speak it: other programs set up their own
 * TLS, and a host without OpenSSL has none.
 */
export function prepareTls(plan: RunPlan): { tls: ApplianceTls; listen: readonly ListenSpec[] } {
  const wanted = plan.own ? plan.listen.filter((spec) => spec.tls) : [];
  const tls = wanted.length === 0
    ? noTls
    : prepareAppliance(wanted.map(({ name }) => name), allVariables());
  const works = Object.keys(tls.variables).length > 0;
  return { tls, listen: plan.listen.map((spec) => ({ ...spec, tls: works && spec.tls })) };
}

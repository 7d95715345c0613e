/** TLS of the sockets that our own modes serve. */
import { allVariables } from "../process/environment.ts";
import { prepareAppliance } from "../tls/appliance.ts";
import { type AcmeTls, prepareAcme } from "./acme.ts";
import type { ListenSpec } from "./plan/listen_spec.ts";
import type { RunPlan } from "./plan/plan.ts";

const noTls: AcmeTls = { variables: {}, note: "", begin: () => {}, dispose: () => {} };

/**
 * The plan's sockets, with `tls` only where workers will speak it: other programs set up their own
 * TLS, and a host without OpenSSL has none.
 */
export async function prepareTls(
  plan: RunPlan,
): Promise<{ tls: AcmeTls; listen: readonly ListenSpec[] }> {
  const wanted = plan.own ? plan.listen.filter((spec) => spec.tls) : [];
  const tls = wanted.length === 0 ? noTls : await prepare(wanted.map(({ name }) => name));
  const works = Object.keys(tls.variables).length > 0;
  return { tls, listen: plan.listen.map((spec) => ({ ...spec, tls: works && spec.tls })) };
}

async function prepare(sockets: readonly string[]): Promise<AcmeTls> {
  const variables = allVariables();
  const ordered = await prepareAcme(sockets, variables);
  return ordered ?? { ...prepareAppliance(sockets, variables), begin: () => {} };
}

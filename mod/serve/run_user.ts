/** The user that the app runs as, and what its root parent opens for it from then on. */
import { stateInMemory } from "../acme/core/settings.ts";
import { handStateOver } from "../acme/store/hand_over.ts";
import { grantLog } from "../lifecycle/log_grants.ts";
import { giveUpRoot, requireProgram } from "../lifecycle/root_parent.ts";
import { getVariable } from "../process/environment.ts";
import { userToBecome } from "../process/privileges/choose_user.ts";
import { type Grant, GrantList } from "../process/privileges/grants.ts";
import type { RunAs } from "../process/privileges/run_as.ts";
import { applianceFiles } from "../tls/appliance.ts";
import type { ServePlan } from "./plan/plan.ts";

const setting = "--user";

/** The user to become; null: the process stays what it is. Throws `StartError`. */
export function userOf({ process: { user } }: ServePlan): RunAs | null {
  return userToBecome(user === null ? null : { text: user, setting });
}

/** Call it before the app is loaded and anything is served. Throws `StartError`. */
export function become(user: RunAs, plan: ServePlan, hasWorkers: boolean): void {
  const { certificate } = plan.listen;
  if (certificate?.kind === "managed" && certificate.settings.state !== stateInMemory) {
    handStateOver(certificate.settings.state, user.uid, user.gid);
  }
  giveUpRoot(user, setting, grantsOf(plan));
  // An app is linked by what is attached to the program.
  if (hasWorkers || plan.app.kind === "script") requireProgram(setting);
}

/** Everything that the plan names and that only root may be able to open. */
function grantsOf({ listen, log, status, health }: ServePlan): readonly Grant[] {
  const list = new GrantList();
  const { certificate } = listen;
  if (certificate?.kind === "files") list.read(certificate.certificateFile, certificate.keyFile);
  if (certificate?.kind === "managed") list.read(certificate.settings.caFile);
  const { files, challengeFolder } = applianceFiles(getVariable);
  list.read(...files);
  if (challengeFolder !== null) list.readIn(challengeFolder);
  for (const { address } of listen.sockets) list.listen(address);
  if (log.accessLog !== null) grantLog(log.accessLog, list);
  if (status !== null) {
    list.listen(status.address);
    if (status.token !== null && "file" in status.token) list.read(status.token.file);
  }
  if (health !== null) list.listen(health);
  return list.all;
}

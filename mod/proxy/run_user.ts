/** The user that the proxy runs as, and what its root parent opens for it from then on. */
import { grantLog } from "../lifecycle/log_grants.ts";
import type { Logger } from "../log/mod.ts";
import { getVariable } from "../process/environment.ts";
import { isRoot } from "../process/privileges/become_user.ts";
import { userToBecome, type UserWish } from "../process/privileges/choose_user.ts";
import { type Grant, GrantList } from "../process/privileges/grants.ts";
import { findRunAs, type RunAs, userDefault } from "../process/privileges/run_as.ts";
import { applianceFiles } from "../tls/appliance.ts";
import type { LoadedPlan } from "./plan/loaded_plan.ts";
import type { ProxyCommand } from "./plan/options.ts";
import type { ListenPlan, ProxyPlan } from "./plan/plan.ts";

export interface UserChange {
  readonly user: RunAs;
  /** Begins messages. */
  readonly setting: string;
  /** Nobody has named the user. */
  readonly isDefault: boolean;
}

/** Said once, by the process that becomes nobody. */
export const defaultUserText =
  `started as root without a user: runs as ${userDefault} (user, or --user, names another)`;

/**
 * The user to become; null: the process stays what it is. Logs why, if somebody may not expect it.
 * Throws `StartError`.
 */
export function userChangeOf(
  plan: ProxyPlan,
  { user: flag }: ProxyCommand,
  logger: Logger,
): UserChange | null {
  const { user: directive } = plan.global;
  if (flag !== null) return changeTo({ text: flag, setting: "--user" });
  if (directive === null) {
    return isRoot() ? changeTo({ text: userDefault, setting: "user" }, true) : null;
  }
  const { text, at } = directive;
  const setting = `[${at.file}:${at.line}] user`;
  const { uid } = findRunAs(text, setting);
  if (uid === 0 && isRoot()) {
    logger.warn(`${setting}: ${text} keeps root, with every right, for what strangers send`);
    return null;
  }
  if (isRoot()) return changeTo({ text, setting });
  // As the file says it for another way of starting; `--user` would be an error.
  if (uid !== Deno.uid()) {
    logger.warn(`${setting}: only root can become ${text}; stays uid ${Deno.uid()}`);
  }
  return null;
}

function changeTo(wish: UserWish, isDefault = false): UserChange | null {
  const user = userToBecome(wish);
  return user === null ? null : { user, setting: wish.setting, isDefault };
}

/** Everything that the plan names and that only root may be able to open. */
export function grantsOf(
  { plan, texts }: LoadedPlan,
  { health }: Pick<ProxyCommand, "health">,
): readonly Grant[] {
  const list = new GrantList();
  const { global } = plan;
  list.read(...texts.keys(), plan.file, global.sessions.ticketFile, global.acme?.caFile);
  for (const listen of plan.listeners) grantListener(listen, list);
  // The certificates of a supervisor's sockets.
  const { files, challengeFolder } = applianceFiles(getVariable);
  list.read(...files);
  if (challengeFolder !== null) list.readIn(challengeFolder);
  for (const { settings } of levelsOf(plan)) {
    list.read(settings.proxy.tlsCaFile);
    for (const { target } of settings.accessLogs) grantLog(target, list);
  }
  for (const { check } of plan.upstreams) list.read(check?.tlsCaFile);
  if (global.errorLog !== null) grantLog(global.errorLog, list);
  if (global.stateFile !== null) list.keep(global.stateFile);
  const control = global.control?.address;
  if (control?.kind === "unix") list.control(control.path);
  else if (control !== undefined) list.listen(control);
  if (health !== null) list.listen(health);
  return list.all;
}

function levelsOf(plan: ProxyPlan) {
  return [plan, ...plan.hosts.flatMap((host) => [host, ...host.paths])];
}

function grantListener(
  { address, tls, certificatesByHost }: ListenPlan,
  list: GrantList,
): void {
  list.listen(address);
  const own = tls === null ? [] : [{ certificates: tls.certificates, ocspFile: tls.ocspFile }];
  for (const { certificates, ocspFile } of [...own, ...certificatesByHost]) {
    for (const { certificateFile, keyFile } of certificates) list.read(certificateFile, keyFile);
    list.read(ocspFile);
  }
  list.read(tls?.clientCaFile);
}

/**
 * `exec-worker USER PARENT -- COMMAND...`: what a worker of another program does before it is that
 * program. posix_spawn(3) can neither change the user nor ask for the signal of a parent's death.
 */
import { StartError } from "../base/errors.ts";
import { dieWithParent, execProgram } from "../process/children/exec.ts";
import { allVariables } from "../process/environment.ts";
import { becomeUser, forbidNewPrivileges } from "../process/privileges/become_user.ts";
import { findRunAs } from "../process/privileges/run_as.ts";

/** The subcommand. */
export const workerStep = "exec-worker";
/** In place of USER or PARENT: nothing to do. */
export const noStep = "-";

/** Returns only by a `StartError`, with a shell's exit code. */
export function becomeWorker(argv: readonly string[]): never {
  const [user, parent, , ...command] = argv;
  if (user !== noStep) {
    forbidNewPrivileges();
    becomeUser(findRunAs(user, "--user"), "--user");
  }
  if (parent !== noStep && !dieWithParent(Number(parent), "TERM")) {
    throw new StartError("failed to exec: the parent has died");
  }
  const { reason, exitCode } = execProgram(command[0] ?? "", command, allVariables());
  throw new StartError(`failed to exec ${reason}`, exitCode);
}

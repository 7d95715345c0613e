/**
 * A parent that keeps root for one child and does nothing else: it passes signals on, opens what the
 * child may not, watches its files and ends with its exit code. It reads nothing of a stranger. Under
 * a supervisor there is none: the supervisor is such a parent itself.
 */
import { StartError } from "../base/errors.ts";
import type { Logger } from "../log/mod.ts";
import { closeAll } from "../net/descriptor.ts";
import { deathSignalOf, exitCodeOf } from "../process/children/children.ts";
import { freeNumbers, type PassedDescriptor, spawn } from "../process/children/spawn.ts";
import { type Variables, withoutBacktraces } from "../process/environment.ts";
import { selfCommand } from "../process/executable.ts";
import { changedText, FileWatch } from "../process/files/file_watch.ts";
import { notify, notifyReady } from "../process/handover/readiness.ts";
import { type ReadinessNotice, ReadinessWatch } from "../process/handover/readiness_watch.ts";
import { forbidNewPrivileges } from "../process/privileges/become_user.ts";
import type { Grant } from "../process/privileges/grants.ts";
import { Opener } from "../process/opening/opener.ts";
import { openerVariable } from "../process/privileges/opener_messages.ts";
import { openerText } from "../process/privileges/parent_opener.ts";
import { pausableField } from "../process/signals/pausing.ts";
import { addSignalListener, sendSignal, signalName } from "../process/signals/signals.ts";
import { folderOfStart } from "../process/working_folder.ts";
import { openerHost } from "./root_parent.ts";

export interface KeeperParts {
  /** The child: this program with these words. */
  readonly argv: readonly string[];
  /** The environment at the start of this process. */
  readonly variables: Variables;
  /** Descriptors that this process has inherited; the child gets them under the same numbers. */
  readonly inherited: readonly number[];
  readonly logger: Logger;
  /** Reads the configuration again, as root; undefined: there is none. */
  readonly refresh?: () => Promise<readonly Grant[]>;
}

/** What a child of our serving modes knows. */
const passedSignals = [
  ...["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "TTIN", "TTOU"],
  ...["WINCH", "VTALRM", "CONT", "URG"],
];

/** Runs until the child has ended; returns its exit code. Throws `StartError`. */
export async function keepRootFor(parts: KeeperParts): Promise<number> {
  const keeper = new Keeper(parts);
  return await keeper.run();
}

class Keeper {
  readonly #parts: KeeperParts;
  /** 0: not started yet. */
  #pid = 0;
  /** Signals that came before the child. */
  readonly #early: string[] = [];
  #watch: FileWatch | null = null;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  async run(): Promise<number> {
    const { logger, refresh, inherited } = this.#parts;
    for (const name of passedSignals) addSignalListener(name, () => this.#pass(name));
    forbidNewPrivileges();
    const { opener, theirs } = Opener.pair(openerHost(refresh));
    const readiness = new ReadinessWatch((notice) => this.#onNotice(notice));
    const child = this.#start(theirs, readiness);
    readiness.closeWriteEnd();
    // The child alone holds its sockets: their queues end with it.
    closeAll([theirs, ...inherited]);
    if (child.pid === null) throw new StartError(child.reason);
    this.#pid = child.pid;
    for (const name of this.#early.splice(0)) this.#pass(name);
    const status = await child.exited;
    readiness.close();
    this.#watch?.close();
    opener.close();
    const signal = deathSignalOf(status);
    if (signal !== 0) logger.error(`process ${child.pid} was ended by ${signalName(signal)}`);
    return exitCodeOf(status);
  }

  #start(theirs: number, readiness: ReadinessWatch) {
    const { argv, variables, inherited } = this.#parts;
    const [openerNumber, readyNumber] = freeNumbers(2, inherited);
    const kept: PassedDescriptor[] = inherited.map((fd) => ({ ours: fd, number: fd }));
    return spawn({
      command: selfCommand(argv),
      ...folderOfStart(),
      environment: {
        ...withoutBacktraces(variables),
        [openerVariable]: openerText(openerNumber, true),
        NOTIFY_SOCKET: readiness.socketName,
        READY_FD: String(readyNumber),
      },
      descriptors: [
        ...kept,
        { ours: theirs, number: openerNumber },
        { ours: readiness.writeEnd, number: readyNumber },
      ],
      // Ctrl-C reaches this process alone, which passes it on.
      newSession: true,
    });
  }

  #pass(name: string): void {
    if (this.#pid === 0) return void this.#early.push(name);
    if (["TERM", "INT", "QUIT"].includes(name)) notify("STOPPING=1");
    sendSignal(this.#pid, name);
  }

  #onNotice({ ready, pausable, files }: ReadinessNotice): void {
    if (files.length > 0) {
      this.#watch ??= new FileWatch((paths) => {
        this.#parts.logger.info(changedText(paths));
        this.#pass("HUP");
      });
      this.#watch.set(files);
    }
    if (ready) notifyReady(...(pausable ? [pausableField] : []));
  }
}

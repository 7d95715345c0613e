/** Opens the access logs of a plan: one sink for each target, one log for each format. */
import { StartError } from "../../base/errors.ts";
import {
  AccessLog,
  compileAccessFormat,
  type LogTarget,
  openSink,
  parseLogTarget,
  type Sink,
  standardSink,
} from "../../log/mod.ts";
import { openMessageSender } from "../../net/message_sender.ts";
import { startLogCommand } from "../../process/children/log_command.ts";
import { whyNotAppendable } from "../../process/files/path_access.ts";
import { parentLogFiles } from "../../process/privileges/parent_files.ts";
import type { AccessLogPlan } from "../plan/plan.ts";

export class AccessLogs {
  readonly #sinks = new Map<string, Sink>();
  readonly #logs = new Map<string, AccessLog>();
  readonly #complain: (message: string) => void;
  readonly #isRehearsal: boolean;

  /**
   * `complain` receives the errors of open logs. `isRehearsal`: files are checked but not opened,
   * commands are not started.
   */
  constructor(complain: (message: string) => void, isRehearsal = false) {
    this.#complain = complain;
    this.#isRehearsal = isRehearsal;
  }

  /** Opens a log or returns the open one. Throws `StartError` with the line in h2o.conf. */
  open(plan: AccessLogPlan): AccessLog {
    const key = JSON.stringify([plan.target, plan.format, plan.escape]);
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    try {
      const format = compileAccessFormat(plan.format ?? "combined", plan.escape ?? undefined);
      const log = new AccessLog(format, this.#sink(plan.target));
      this.#logs.set(key, log);
      return log;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const { file, line } = plan.at;
      throw new StartError(`[${file}:${line}] access-log: ${error.message}`, 78);
    }
  }

  /** Number of lines dropped because their target was too slow or gone. */
  get lostCount(): number {
    let count = 0;
    for (const sink of this.#sinks.values()) count += sink.droppedCount;
    return count;
  }

  /** Reopens the files by name (USR1). */
  reopen(): void {
    for (const sink of this.#sinks.values()) sink.reopen();
  }

  async close(): Promise<void> {
    if (this.#isRehearsal) return;
    await Promise.all([...this.#sinks.values()].map((sink) => sink.close()));
  }

  #sink(target: string): Sink {
    const known = this.#sinks.get(target);
    if (known !== undefined) return known;
    const parsed = parseLogTarget(target);
    if (this.#isRehearsal) {
      checkLogTarget(parsed);
      return standardSink("stderr");
    }
    const sink = openSink(parsed, {
      complain: this.#complain,
      files: parentLogFiles,
      spawn: startLogCommand,
      openSyslog: openMessageSender,
    });
    this.#sinks.set(target, sink);
    return sink;
  }
}

/** Throws `StartError` when the file of a log could not be opened. Does not create or change it. */
export function checkLogTarget(target: LogTarget): void {
  if (target.kind !== "file" && target.kind !== "rollback") return;
  const reason = whyNotAppendable(target.path);
  if (reason !== null) throw new StartError(`cannot open log file ${target.path}: ${reason}`);
}

/** Opens the access logs of a plan: one sink for each target, one log for each format. */
import { StartError } from "../base/errors.ts";
import { AccessLog, compileAccessFormat, openSink, parseLogTarget, type Sink } from "../log/mod.ts";
import { openMessageSender } from "../net/portable/message_sender.ts";
import { startLogCommand } from "../process/log_command.ts";
import type { AccessLogPlan } from "./plan.ts";

export class AccessLogs {
  readonly #sinks = new Map<string, Sink>();
  readonly #logs = new Map<string, AccessLog>();
  readonly #complain: (message: string) => void;

  /** `complain` is told what goes wrong with a log while it runs. */
  constructor(complain: (message: string) => void) {
    this.#complain = complain;
  }

  /** Opens a log, or gives the open one. Throws `StartError` with the line of the file. */
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
      throw new StartError(`[${file}:${line}] in command access-log, ${error.message}`, 78);
    }
  }

  /** Lines that were lost because their target was too slow or gone. */
  get lostCount(): number {
    let count = 0;
    for (const sink of this.#sinks.values()) count += sink.droppedCount;
    return count;
  }

  /** Opens files again under their names (USR1). */
  reopen(): void {
    for (const sink of this.#sinks.values()) sink.reopen();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sinks.values()].map((sink) => sink.close()));
  }

  #sink(target: string): Sink {
    const known = this.#sinks.get(target);
    if (known !== undefined) return known;
    const sink = openSink(parseLogTarget(target), {
      complain: this.#complain,
      spawn: startLogCommand,
      openSyslog: openMessageSender,
    });
    this.#sinks.set(target, sink);
    return sink;
  }
}

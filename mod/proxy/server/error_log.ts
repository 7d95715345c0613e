/** `error-log`: the target of the proxy's own log lines. */
import { logChoice } from "../../base/log_choice.ts";
import { Logger, openSink, parseLogTarget, type Sink, standardSink } from "../../log/mod.ts";
import { openMessageSender } from "../../net/message_sender.ts";
import { startLogCommand } from "../../process/children/log_command.ts";
import { parentLogFiles } from "../../process/privileges/parent_files.ts";

export class ErrorLog {
  readonly #logger: Logger;
  #target: string | null = null;
  #sink: Sink | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Sends log lines to `target` from now on: a path, `| command`, or another form that
   * `parseLogTarget` reads; null: the stream of `--log-to`, by default standard error. An open
   * target stays open. Throws `StartError`; then nothing has changed.
   */
  redirect(target: string | null): void {
    if (target === this.#target) return;
    // Errors of a log must not be written to that same log.
    const fallback = new Logger({ name: this.#logger.name });
    const next = target === null ? null : openSink(parseLogTarget(target), {
      complain: (message) => fallback.warn(message),
      files: parentLogFiles,
      spawn: startLogCommand,
      openSyslog: openMessageSender,
    }, { immediate: true });
    this.#logger.redirect(next ?? standardSink(logChoice.stream));
    void this.#sink?.close();
    this.#sink = next;
    this.#target = target;
  }
}

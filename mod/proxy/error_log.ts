/** `error-log`: where the proxy's own lines go. */
import { logChoice } from "../base/log_choice.ts";
import { Logger, openSink, parseLogTarget, type Sink, standardSink } from "../log/mod.ts";
import { openMessageSender } from "../net/portable/message_sender.ts";
import { startLogCommand } from "../process/log_command.ts";

export class ErrorLog {
  readonly #logger: Logger;
  #target: string | null = null;
  #sink: Sink | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * The lines go to `target` from now on: a path, `| command`, or what else `parseLogTarget` reads;
   * null: to standard error. One that is open stays open. Throws `StartError`; then nothing has changed.
   */
  redirect(target: string | null): void {
    if (target === this.#target) return;
    // A log that cannot be written must not be told so itself.
    const fallback = new Logger({ name: this.#logger.name });
    const next = target === null ? null : openSink(parseLogTarget(target), {
      complain: (message) => fallback.warn(message),
      spawn: startLogCommand,
      openSyslog: openMessageSender,
    }, { immediate: true });
    this.#logger.redirect(next ?? standardSink(logChoice.stream));
    void this.#sink?.close();
    this.#sink = next;
    this.#target = target;
  }
}

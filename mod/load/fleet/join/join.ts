/** `hayate load join`: the machine's end of `hayate load --on`, which starts it. */
import { exitCodes } from "../../../base/errors.ts";
import { delay } from "../../../std/async.ts";
import type { ByteChannel } from "../wire/byte_channel.ts";
import { encodeLine, LineReader } from "../wire/lines.ts";
import { aliveEveryMs, silenceMaxMs } from "../wire/messages.ts";
import { JoinedRun } from "./joined_run.ts";

/** How long a machine that was started waits for the coordinator's first words. */
const greetingMaxMs = 600_000;
const lastWordsMs = 5000;

/**
 * Serves the coordinator until it says the end, closes the channel, or is silent for too long: a
 * coordinator that was killed leaves no machine that goes on loading. Resolves to the exit code.
 */
export async function join(channel: ByteChannel): Promise<number> {
  let unsent: Promise<void> = Promise.resolve();
  const run = new JoinedRun((message) => {
    unsent = unsent.then(() => channel.write(encodeLine(message)));
    // A coordinator that has gone is noticed by its input, too.
    unsent.catch(() => run.leave(exitCodes.failed));
  });
  const watch = new SilenceWatch(run);
  const listen = async () => {
    const reader = new LineReader((line) => run.take(line));
    for await (const bytes of channel.input) {
      watch.heard();
      if (!reader.take(bytes)) break;
    }
    run.leave(exitCodes.failed);
  };
  // A broken connection is an end like any other.
  listen().catch(() => run.leave(exitCodes.failed));
  const code = await run.ended;
  watch.stop();
  // The last words; a channel that takes no more must not keep the machine.
  const sent = unsent.then(() => code, () => exitCodes.failed);
  return await Promise.race([sent, delay(lastWordsMs).then(() => code)]);
}

/** Ends the run when the coordinator is silent, and keeps it from taking us for silent. */
class SilenceWatch {
  readonly #run: JoinedRun;
  readonly #timer: number;
  #deadlineMs = performance.now() + greetingMaxMs;
  #aliveAtMs = Infinity;

  constructor(run: JoinedRun) {
    this.#run = run;
    this.#timer = setInterval(() => this.#look(performance.now()), 1000);
  }

  heard(): void {
    const nowMs = performance.now();
    this.#deadlineMs = nowMs + silenceMaxMs;
    if (this.#aliveAtMs === Infinity) this.#aliveAtMs = nowMs + aliveEveryMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(nowMs: number): void {
    if (nowMs > this.#deadlineMs) return this.#run.leave(exitCodes.failed);
    if (nowMs < this.#aliveAtMs) return;
    this.#aliveAtMs = nowMs + aliveEveryMs;
    this.#run.sayAlive();
  }
}

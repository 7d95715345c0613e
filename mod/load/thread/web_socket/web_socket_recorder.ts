/** Records WebSockets: a request is a message, and its answer is one, too. */
import type { Histogram } from "../../../metrics/histogram.ts";
import type { FailureKind } from "../../plan/failure.ts";
import { Slot, type ThreadStats } from "../../stats/thread_stats.ts";
import { Recorder, type RecorderOptions } from "../recorder.ts";

/** The status of a message in the counts by status, where no response has it. */
export const messageStatus = 0;

export class WebSocketRecorder extends Recorder {
  readonly #openTime: Histogram;

  constructor(stats: ThreadStats, options: RecorderOptions) {
    super(stats, options);
    this.#openTime = stats.extra.get("webSocketOpen")!;
  }

  /** The handshake is complete; the connect began at `connectStartMs`. */
  openedSocket(connectStartMs: number, nowMs: number): void {
    this.counters[Slot.socketsOpened]++;
    this.counters[Slot.socketsOpen]++;
    this.#openTime.record((nowMs - connectStartMs) * 1000);
  }

  closedSocket(): void {
    this.counters[Slot.socketsOpen]--;
  }

  receivedMessage(nowMs: number): void {
    if (nowMs >= this.measureFromMs) this.counters[Slot.received]++;
  }

  answeredPing(nowMs: number): void {
    if (nowMs >= this.measureFromMs) this.counters[Slot.pings]++;
  }

  /** After the run: the server has not answered the close frame. */
  closeUnanswered(): void {
    this.counters[Slot.closesUnanswered]++;
  }

  /** A socket that had no message under way is lost. */
  lostSocket(kind: FailureKind, code: string, nowMs: number): void {
    this.failed(kind, code, 1, nowMs);
  }
}

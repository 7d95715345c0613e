/** What the time of connections and requests consists of, for --phases. */
import type { Histogram } from "../../metrics/histogram.ts";
import type { ThreadStats } from "../stats/thread_stats.ts";
import type { TimedRequest } from "./answer_groups.ts";

/** A connection's times, on the clock of `performance.now()`. */
export interface TimedConnection {
  readonly connectStartMs: number;
  /** When its transport was connected and TLS began; 0: no TLS. */
  readonly transportMs: number;
}

export class PhaseRecorder {
  readonly #transport: Histogram;
  readonly #tls: Histogram;
  readonly #firstByte: Histogram;
  readonly #transfer: Histogram;

  private constructor({ extra }: ThreadStats) {
    this.#transport = extra.get("transportConnect")!;
    this.#tls = extra.get("tlsHandshake")!;
    this.#firstByte = extra.get("firstByte")!;
    this.#transfer = extra.get("transfer")!;
  }

  /** null when `stats` has no such times. */
  static of(stats: ThreadStats): PhaseRecorder | null {
    return stats.extra.has("firstByte") ? new PhaseRecorder(stats) : null;
  }

  opened({ connectStartMs, transportMs }: TimedConnection, nowMs: number): void {
    const connectedMs = transportMs === 0 ? nowMs : transportMs;
    this.#transport.record((connectedMs - connectStartMs) * 1000);
    if (transportMs !== 0) this.#tls.record((nowMs - transportMs) * 1000);
  }

  answered({ startMs, firstByteMs }: TimedRequest, nowMs: number): void {
    this.#firstByte.record((firstByteMs - startMs) * 1000);
    this.#transfer.record((nowMs - firstByteMs) * 1000);
  }
}

/**
 * The numbers of one load thread, in memory that the main thread reads while the thread writes.
 *
 * One writer each, whole numbers in doubles: a reader may see a request that another counter does
 * not have yet, never a torn value.
 */
import { Histogram, histogramSlots } from "../../metrics/histogram.ts";
import { connectionTimes, type ExtraTime, webSocketTimes } from "../plan/extra_times.ts";
import { type FailureKind, failureKinds } from "../plan/failure.ts";

/** Counters in the order of their slots. Bytes are those of HTTP messages on the wire. */
export const counterNames = [
  /** Requests handed to the kernel, in full or in part. */
  "sent",
  /** Complete responses, whatever their status. */
  "answered",
  "bytesRead",
  "bytesSent",
  "failedConnect",
  "failedRefused",
  "failedProxy",
  "failedRead",
  "failedWrite",
  "failedTimeout",
  "failedStatus",
  "failedTruncated",
  "failedProtocol",
  "failedStreamReset",
  "failedStreamRefused",
  "failedNotEventStream",
  "failedHandshake",
  "failedClosed",
  /** With --retry: sent again because a kept connection ended before any byte of the response. */
  "retried",
  /** Connections that were made. */
  "opened",
  /** Connections that the server closed between two requests. */
  "closedIdle",
  /** Connections that the server ended properly: `Connection: close`, EOF framing, GOAWAY. */
  "closedAfterResponse",
  /** Connections lost with a failed request. */
  "lost",
  /** connect(2) on a unix socket returned EAGAIN (full accept queue) and was tried again. */
  "backlogFull",
  /** connect(2) returned EADDRNOTAVAIL: no ephemeral port was free. */
  "portsExhausted",
  /** Requests without a response when the run ended; not counted as failures. */
  "inFlight",
  /** Requests of the schedule that were due before the end and never sent. */
  "unsent",
  /** Requests of the warm-up's schedule that were due before its end and never sent. */
  "warmupUnsent",
  /** Requests of the schedule that became due. */
  "scheduled",
  /** Sum of how late requests of the schedule were sent, in microseconds. */
  "lagSumUs",
  /** The latest that one was sent, in microseconds. */
  "lagMaxUs",
  /** How long the thread was stopped, in milliseconds. */
  "stoppedMs",
  /** Lateness by cause, in requests times milliseconds; see pace_watch.ts. No connection was free. */
  "lateConnection",
  /** The thread computed. */
  "lateBusy",
  /** It was ready to run and had no CPU. */
  "lateQueued",
  /** It was stopped. */
  "lateStopped",
  /** TLS handshakes that resumed a session. */
  "tlsResumed",
  /** Lines of a replayed log that are no requests, and requests that were sent without their body. */
  "badLines",
  "bodiless",
  /** With --sse: events; with WebSockets: messages. */
  "received",
  /** WebSockets whose handshake was accepted, and those that are open now. */
  "socketsOpened",
  "socketsOpen",
  /** Pings that were answered. */
  "pings",
  /** After the run: close frames without an answer. */
  "closesUnanswered",
  /** Event streams that the server has ended properly. */
  "streamsEnded",
  /** Event streams that failed after they were opened: they are both answered and failed. */
  "streamsBroken",
  /** Event streams of the warm-up that were open when the measurement began, or soon after. */
  "streamsCarried",
  /** Event streams open now. */
  "streamsOpen",
  /** 1: the thread's share of the run is over, though connections may still say goodbye. */
  "over",
  /** Connections open now. */
  "open",
  /** Microseconds spent in the user's script. */
  "scriptUs",
] as const;
export type CounterName = typeof counterNames[number];

/** Slot of each counter. */
export const Slot = Object.fromEntries(
  counterNames.map((name, index) => [name, index]),
) as Readonly<Record<CounterName, number>>;

/** Counters of events that belong to no request. */
const connectionCounters: readonly CounterName[] = [
  "closedIdle",
  "closedAfterResponse",
  "lost",
  "backlogFull",
  "portsExhausted",
  "tlsResumed",
];

const failureSlots = Object.fromEntries(
  failureKinds.map((
    kind,
  ) => [kind, Slot[`failed${kind[0].toUpperCase()}${kind.slice(1)}` as CounterName]]),
) as Readonly<Record<FailureKind, number>>;

/** Slot of a failure's counter. */
export function failureSlot(kind: FailureKind): number {
  return failureSlots[kind];
}

/** Statuses 0 to 999. */
const statusSlots = 1000;
/** Those that every run has. */
const histogramCount = 3;

/** Bytes of one thread's statistics with these times besides the usual ones. */
export function statsBytes(extraTimes: readonly ExtraTime[]): number {
  const histograms = histogramCount + extraTimes.length;
  const slots = counterNames.length + statusSlots + histograms * histogramSlots;
  return slots * Float64Array.BYTES_PER_ELEMENT;
}

/** One thread's statistics over (shared) memory. */
export class ThreadStats {
  readonly counters: Float64Array;
  /** Responses by status code. */
  readonly statuses: Float64Array;
  /** From the intended start (open loop) or the send (closed loop) to the last byte. */
  readonly latency: Histogram;
  /** From the send to the last byte. Filled only where it differs from `latency`. */
  readonly serviceTime: Histogram;
  /** From connect(2) to the established connection. */
  readonly connectTime: Histogram;
  /** Only those that the run measures. */
  readonly extra: ReadonlyMap<ExtraTime, Histogram>;

  /** `memory` has `statsBytes` bytes. */
  constructor(memory: ArrayBufferLike, extraTimes: readonly ExtraTime[] = []) {
    let offset = 0;
    const take = (slots: number) => {
      const view = new Float64Array(memory, offset, slots);
      offset += view.byteLength;
      return view;
    };
    this.counters = take(counterNames.length);
    this.statuses = take(statusSlots);
    this.latency = new Histogram(take(histogramSlots));
    this.serviceTime = new Histogram(take(histogramSlots));
    this.connectTime = new Histogram(take(histogramSlots));
    this.extra = new Map(extraTimes.map((name) => [name, new Histogram(take(histogramSlots))]));
  }

  /** Statistics in memory of their own. */
  static make(extraTimes: readonly ExtraTime[] = []): ThreadStats {
    return new ThreadStats(new ArrayBuffer(statsBytes(extraTimes)), extraTimes);
  }

  /**
   * Forgets the warm-up's connections. Requests of the warm-up were never counted: each stores when
   * it was intended. Open connections count as made.
   */
  clearConnections(): void {
    for (const name of connectionCounters) this.counters[Slot[name]] = 0;
    this.counters[Slot.opened] = this.counters[Slot.open];
    this.counters[Slot.socketsOpened] = this.counters[Slot.socketsOpen];
    this.connectTime.clear();
    for (const name of [...connectionTimes, ...webSocketTimes]) this.extra.get(name)?.clear();
  }

  /** Adds another thread's numbers; maxima stay maxima. */
  add(other: ThreadStats): void {
    const maxima = [Slot.lagMaxUs, Slot.stoppedMs]
      .map((slot) => [slot, Math.max(this.counters[slot], other.counters[slot])]);
    other.counters.forEach((count, slot) => this.counters[slot] += count);
    for (const [slot, maximum] of maxima) this.counters[slot] = maximum;
    other.statuses.forEach((count, status) => this.statuses[status] += count);
    this.latency.add(other.latency);
    this.serviceTime.add(other.serviceTime);
    this.connectTime.add(other.connectTime);
    for (const [name, histogram] of this.extra) histogram.add(other.extra.get(name)!);
  }
}

/** Failed requests of every kind. */
export function failedCount(counters: Float64Array): number {
  let sum = 0;
  for (const kind of failureKinds) sum += counters[failureSlots[kind]];
  return sum;
}

/** Records event streams (--sse): a request is answered when its stream opens, and lasts as long as that. */
import type { Deadline } from "../../../base/timer_wheel.ts";
import type { Histogram } from "../../../metrics/histogram.ts";
import type { ResponseHead } from "../../../http/mod.ts";
import type { FailureKind } from "../../plan/failure.ts";
import { Slot, type ThreadStats } from "../../stats/thread_stats.ts";
import type { AnswerObserver, TimedRequest } from "../answer_groups.ts";
import type { Lane } from "../lane.ts";
import { Recorder, type RecorderOptions } from "../recorder.ts";
import { EventStream } from "./event_stream.ts";

/** What the recorder needs of the reactor. */
export interface EventClock {
  readonly nowMs: number;
  readonly wheel: {
    arm(entry: Deadline, deadlineMs: number): void;
    disarm(entry: Deadline): void;
  };
}

/** A content type in a failure's code is cut to this. */
const typeLengthMax = 100;
const eventStreamType = "text/event-stream";

export class EventRecorder extends Recorder implements AnswerObserver {
  override readonly observer: AnswerObserver = this;
  readonly #clock: EventClock;
  readonly #keepsIds: boolean;
  readonly #firstEvent: Histogram;
  readonly #gap: Histogram;
  readonly #eventsPerStream: Histogram;
  /** One for each lane that has had a response. */
  readonly #streams = new Map<TimedRequest, EventStream>();

  /** `keepsIds`: the last identifiers of streams are needed. */
  constructor(
    stats: ThreadStats,
    options: RecorderOptions,
    clock: EventClock,
    keepsIds: boolean,
  ) {
    super(stats, options);
    this.#clock = clock;
    this.#keepsIds = keepsIds;
    this.#firstEvent = stats.extra.get("firstEvent")!;
    this.#gap = stats.extra.get("eventGap")!;
    this.#eventsPerStream = stats.extra.get("eventsPerStream")!;
  }

  /** The last stream of the lane; undefined: it has had none. */
  streamOf(request: TimedRequest): EventStream | undefined {
    return this.#streams.get(request);
  }

  takeHead(request: TimedRequest, head: ResponseHead): void {
    const { status } = head;
    // Interim responses come first.
    if (status < 200 && status !== 101) return;
    const stream = this.#prepare(request);
    // An error is an answer like any other.
    if (status >= 400) return;
    const code = faultOf(head);
    if (code !== null) return this.#giveUp(stream, "notEventStream", code);
    stream.isOpen = true;
    this.counters[Slot.streamsOpen]++;
    // -T is for the head: a stream may be silent for as long as its server likes.
    (request as Lane).deadlineMs = Infinity;
    const { nowMs } = this.#clock;
    // One of the warm-up that opens only now is in no other account of the measurement.
    const isLate = nowMs >= this.measureFromMs && !this.isMeasured(request.intendedMs);
    if (isLate) this.counters[Slot.streamsCarried]++;
    super.answered(request, status, nowMs);
  }

  #prepare(request: TimedRequest): EventStream {
    let stream = this.#streams.get(request);
    if (stream === undefined) {
      stream = new EventStream(request as Lane, this.#keepsIds);
      this.#streams.set(request, stream);
    }
    stream.begin();
    return stream;
  }

  takeBody(request: TimedRequest, bytes: Uint8Array, start: number, end: number): void {
    const stream = this.#streams.get(request);
    if (stream === undefined || !stream.isOpen || stream.fault !== null) return;
    const count = stream.parser.read(bytes, start, end);
    if (count < 0) this.#giveUp(stream, "protocol", "eventTooLong");
    else if (count > 0) this.#countEvents(request, stream, count);
  }

  /** Events that arrive together have no gap between them. */
  #countEvents(request: TimedRequest, stream: EventStream, count: number): void {
    const { nowMs } = this.#clock;
    const { lastEventMs } = stream;
    stream.lastEventMs = nowMs;
    if (lastEventMs === 0 && this.isMeasured(request.intendedMs)) {
      this.#firstEvent.record((nowMs - request.intendedMs) * 1000);
    }
    if (nowMs < this.measureFromMs) return;
    this.counters[Slot.received] += count;
    stream.eventCount += count;
    if (lastEventMs >= this.measureFromMs) this.#gap.record((nowMs - lastEventMs) * 1000);
    this.#gap.recordMany(0, count - 1);
  }

  #giveUp(stream: EventStream, kind: FailureKind, code: string): void {
    stream.fault = { kind, code };
    this.#clock.wheel.arm(stream, this.#clock.nowMs);
  }

  respond(): void {}

  /** The response is complete: a stream has ended, or there never was one. */
  override answered(request: TimedRequest, status: number, nowMs: number): void {
    const stream = this.#streams.get(request);
    const fault = stream?.fault ?? null;
    if (stream !== undefined) stream.endedMs = nowMs;
    if (stream?.isOpen && fault === null) {
      if (nowMs >= this.measureFromMs) this.counters[Slot.streamsEnded]++;
      this.#close(stream);
    } else if (fault === null) super.answered(request, status, nowMs);
    else {
      this.failed(fault.kind, fault.code, 1);
      this.dropped(request);
    }
  }

  override dropped(request: TimedRequest): void {
    const stream = this.#streams.get(request);
    if (stream === undefined) return;
    stream.endedMs = this.#clock.nowMs;
    this.#clock.wheel.disarm(stream);
    stream.fault = null;
    if (!stream.isOpen) return;
    if (this.#clock.nowMs >= this.measureFromMs) this.counters[Slot.streamsBroken]++;
    this.#close(stream);
  }

  /** A failure counts when it happens: the stream may have been opened in the warm-up. */
  override failed(kind: FailureKind, code: string, requestCount: number): void {
    super.failed(kind, code, requestCount, this.#clock.nowMs);
  }

  override endWarmup(dropped: number): void {
    super.endWarmup(dropped);
    this.counters[Slot.streamsCarried] = this.counters[Slot.streamsOpen];
  }

  #close(stream: EventStream): void {
    stream.isOpen = false;
    this.counters[Slot.streamsOpen]--;
    if (this.#clock.nowMs >= this.measureFromMs) this.#eventsPerStream.record(stream.eventCount);
  }

  /** Bytes count when they arrive: a stream may have begun in the warm-up. */
  override read(_intendedMs: number, byteCount: number): void {
    super.read(this.#clock.nowMs, byteCount);
  }

  /** Streams that are open have had their answer. */
  override end(inFlight: number): void {
    let answered = 0;
    for (const [request, stream] of this.#streams) {
      if (!stream.isOpen) continue;
      this.#eventsPerStream.record(stream.eventCount);
      if (this.isMeasured(request.intendedMs)) answered++;
    }
    super.end(inFlight - answered);
  }
}

/** Why the response is no event stream, or none that can be read; null: it is one. */
function faultOf(head: ResponseHead): string | null {
  if (head.status !== 200) return `status ${head.status}`;
  const type = head.field("content-type");
  if (type === null) return "no content type";
  const essence = type.split(";")[0].trim().toLowerCase();
  if (essence !== eventStreamType) return essence.slice(0, typeLengthMax);
  // Only a user who asks for a coding with -H gets one.
  const coding = head.field("content-encoding")?.toLowerCase() ?? "identity";
  return coding === "identity" ? null : `coded ${coding.slice(0, typeLengthMax)}`;
}

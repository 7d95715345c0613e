/** --reconnect: event streams are opened again as an EventSource does it (HTML standard, section 9.2). */
import type { Lane, Reopening } from "../lane.ts";
import type { MadeRequests } from "../../script/made_requests.ts";
import type { EventRecorder } from "./event_recorder.ts";
import { concat } from "../../../std/bytes.ts";

/** The wait of Chrome and Safari until a server says otherwise with `retry`. */
const retryDefaultMs = 3000;
const nameBytes = new TextEncoder().encode("Last-Event-ID: ");
const lineEnd = Uint8Array.of(0x0d, 0x0a);

export class EventReopening implements Reopening {
  readonly #recorder: EventRecorder;
  /** The request of each lane that has sent one, as an index in its group: it stays the same. */
  readonly #indexes = new Map<Lane, number>();

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder;
  }

  waitMs(lane: Lane, nowMs: number): number {
    const stream = this.#recorder.streamOf(lane);
    if (stream === undefined) return 0;
    const { retryMs } = stream.parser;
    return Math.max(0, stream.endedMs + (retryMs < 0 ? retryDefaultMs : retryMs) - nowMs);
  }

  /** The request has the last identifier of the lane's stream. */
  load(lane: Lane): number {
    const index = this.#indexes.get(lane) ?? lane.group.next();
    this.#indexes.set(lane, index);
    const id = this.#recorder.streamOf(lane)?.parser.lastId;
    if (id === undefined || id.length === 0) return lane.load(index, 1);
    const { batches, methods } = lane.group.plan;
    lane.loadScripted(withField(batches[index], id, methods[index]), 1);
    return 1;
  }
}

/** The request with `Last-Event-ID` as the last field of its head. */
function withField(
  request: Uint8Array,
  id: Uint8Array,
  method: MadeRequests["methods"][number],
): MadeRequests {
  const linesEnd = headEndOf(request);
  const [before, after] = [request.subarray(0, linesEnd), request.subarray(linesEnd)];
  const bytes = concat([before, nameBytes, id, lineEnd, after]);
  const ends = Int32Array.of(bytes.length);
  return { text: null, bytes, ends, methods: [method], closes: undefined, isKept: false };
}

/** Where the empty line begins that ends the head. */
function headEndOf(request: Uint8Array): number {
  let at = request.indexOf(0x0a) + 1;
  while (request[at] !== 0x0d) at = request.indexOf(0x0a, at) + 1;
  return at;
}

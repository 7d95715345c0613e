/** Event streams made of what matters to their parser: it must agree with a second one, at any split. */
import { EventParser } from "../../mod/load/thread/events/event_parser.ts";
import type { Random } from "./random.ts";

const pieces = [
  ...["\n", "\r", "\r\n", "\n\n", "\r\n\r\n", ":", " ", "data", "data:", "data: x", "id", "id: "],
  ...["id:7", "retry:", "retry: 5", "5", "event: e", "event", "x", "\0", "\x01", "é", "\u{feff}"],
];
const encoder = new TextEncoder();

/** What a stream comes to. */
interface Outcome {
  readonly events: number;
  readonly id: string;
  readonly retryMs: number;
}

/** Makes streams, and checks what is read of them. */
export class EventStreamFuzzer {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** Reads one stream as a whole, in random pieces and byte by byte. Throws on the first fault. */
  step(): void {
    const { random } = this;
    const text = Array.from({ length: random.below(25) }, () => random.pick(pieces)).join("");
    const stream = encoder.encode(text);
    const expected = JSON.stringify(oracle(text));
    const single = Array.from({ length: stream.length }, (_, index) => index);
    for (const cuts of [[], random.cuts(stream.length, 6), single]) {
      const found = JSON.stringify(read(stream, cuts));
      if (found === expected) continue;
      throw new Error(`${JSON.stringify(text)} cut at ${cuts}: ${found}, expected ${expected}`);
    }
  }
}

function read(stream: Uint8Array, cuts: readonly number[]): Outcome {
  const parser = new EventParser(true);
  let events = 0, at = 0;
  for (const cut of [...cuts, stream.length]) {
    // A copy that is wiped afterwards, to detect a parser that keeps a view of its input.
    const piece = stream.slice(at, cut);
    events += parser.read(piece, 0, piece.length);
    piece.fill(0xaa);
    at = cut;
  }
  const id = new TextDecoder("utf-8", { ignoreBOM: true }).decode(parser.lastId);
  return { events, id, retryMs: parser.retryMs };
}

/** The HTML standard, 9.2.6, over the whole text; an identifier that no field can have is empty. */
function oracle(text: string): Outcome {
  const lines = text.replace(/^\u{feff}/u, "").split(/\r\n|\n|\r/);
  // What no line end follows is no line.
  lines.pop();
  let events = 0, id = "", retryMs = -1, pending: string | null = null, hasData = false;
  for (const line of lines) {
    if (line === "") {
      if (hasData) events++;
      id = pending ?? id;
      pending = null;
      hasData = false;
      continue;
    }
    const [, name, value] = /^([^:]*)(?:: ?([^]*))?$/.exec(line)!;
    if (name === "data") hasData = true;
    if (name === "id" && !value?.includes("\0")) {
      pending = /[\x01-\x08\x0a-\x1f\x7f]/.test(value ?? "") ? "" : value ?? "";
    }
    if (name === "retry" && /^\d+$/.test(value ?? "")) {
      retryMs = Math.min(86_400_000, Number(value));
    }
  }
  return { events, id, retryMs };
}

/** The codec against mutated rows: whatever comes, it must not fail, over-read or contradict itself. */
import {
  defaultLimits,
  Framing,
  latin1,
  latin1Bytes,
  Method,
  parseRequestHead,
  RequestHead,
} from "../../mod/http1/mod.ts";
import { readStream, type Transcript } from "../vectors/http1/read_stream.ts";
import { requestRows } from "../vectors/http1/request_rows.ts";
import { responseRows } from "../vectors/http1/response_rows.ts";
import { mutate } from "./mutator.ts";
import type { Random } from "./random.ts";
import { judgeHead } from "./request_oracle.ts";

/** The mutator cannot make use of the rows that are long only to pass a limit. */
const rowBytesMax = 3000;
/** Streams with a behaviour not seen before join the corpus, up to here. */
const corpusCountMax = 4000;
const smallLimits = {
  startLineBytesMax: 40,
  headBytesMax: 200,
  fieldsMax: 5,
  chunkExtensionBytesMax: 6,
  trailerBytesMax: 30,
  trailerFieldsMax: 2,
};
const methods = [Method.get, Method.head, Method.connect];

/** What went wrong, with the stream that shows it. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
  constructor(message: string, readonly stream: Uint8Array, options?: ErrorOptions) {
    super(`${message}\nstream: ${JSON.stringify(latin1(stream, 0, stream.length))}`, options);
  }
}

/** Throws mutated streams at both directions of the codec. */
export class CodecFuzzer {
  readonly #random: Random;
  readonly #requests: Uint8Array[];
  readonly #responses: Uint8Array[];
  readonly #seen = new Set<string>();
  readonly #head = new RequestHead();

  constructor(random: Random) {
    this.#random = random;
    const short = (row: { bytes: string }) => row.bytes.length <= rowBytesMax;
    this.#requests = requestRows.filter(short).map((row) => latin1Bytes(row.bytes));
    this.#responses = responseRows.filter(short).map((row) => latin1Bytes(row.bytes));
  }

  /** Streams that serve as starting points, those found on the way included. */
  get corpusCount(): number {
    return this.#requests.length + this.#responses.length;
  }

  /** One stream. Throws `FuzzFailure`. */
  step(): void {
    const random = this.#random;
    const isRequest = !random.oneIn(3);
    const corpus = isRequest ? this.#requests : this.#responses;
    const stream = mutate(random, corpus);
    try {
      const method = isRequest ? null : random.pick(methods);
      const transcript = this.#readEveryWay(stream, method);
      if (isRequest) this.#consultOracle(stream);
      const behaviour = `${method} ${transcript.reads.map(shape).join(" ")}`;
      if (!this.#seen.has(behaviour) && corpus.length < corpusCountMax) {
        this.#seen.add(behaviour);
        corpus.push(stream.slice());
      }
    } catch (error) {
      if (error instanceof FuzzFailure) throw error;
      throw new FuzzFailure(String(error), stream, { cause: error });
    }
  }

  /** The same stream at once, byte by byte and in random pieces, under large and small limits. */
  #readEveryWay(stream: Uint8Array, method: Method | null): Transcript {
    const random = this.#random;
    const limits = random.oneIn(3) ? smallLimits : defaultLimits;
    const whole = readStream(stream, [], method, limits);
    const last = whole.reads[whole.reads.length - 1] ?? "";
    // Only then, or the padding would be read as part of a message that is not complete.
    const padding = last.startsWith("fault") ? stream.length : 0;
    const single = Array.from({ length: stream.length }, (_, i) => i);
    for (const cuts of [single, random.cuts(stream.length, 1), random.cuts(stream.length, 6)]) {
      const pieces = readStream(stream, cuts, method, limits, padding, random.below(256));
      if (sameTranscript(whole, pieces)) continue;
      const where = cuts === single ? "byte by byte" : `cut at ${cuts.join(", ")}`;
      throw new FuzzFailure(
        `read at once: ${JSON.stringify(whole)}\n${where}: ${JSON.stringify(pieces)}`,
        stream,
      );
    }
    return whole;
  }

  /** The first head, judged by rules that were written apart. */
  #consultOracle(stream: Uint8Array): void {
    const head = this.#head;
    const verdict = judgeHead(latin1(stream, 0, stream.length), defaultLimits.fieldsMax);
    if (verdict === "unknown") return;
    const result = parseRequestHead(head, stream, 0, stream.length, defaultLimits, 0);
    if (verdict === null) {
      if (result < 0) return;
      throw new FuzzFailure(`the codec accepts what the oracle refuses: ${result}`, stream);
    }
    const fields = Array.from({ length: head.fieldCount }, (_, i) => [head.name(i), head.value(i)]);
    const framing = head.framing === Framing.chunked
      ? "chunked"
      : head.contentLength < 0
      ? null
      : head.contentLength;
    const found = result < 0 ? result : {
      length: result,
      method: head.methodText(),
      target: head.targetText(),
      minor: head.minor,
      fields,
      framing,
      keepAlive: head.keepAlive,
    };
    if (JSON.stringify(found) === JSON.stringify(verdict)) return;
    throw new FuzzFailure(
      `codec: ${JSON.stringify(found)}\noracle: ${JSON.stringify(verdict)}`,
      stream,
    );
  }
}

function sameTranscript(one: Transcript, other: Transcript): boolean {
  return one.leftover === other.leftover && one.reads.length === other.reads.length &&
    one.reads.every((read, i) => read === other.reads[i]);
}

/** A message without its particulars: what counts as a behaviour of its own. */
function shape(read: string): string {
  if (read.startsWith("fault") || read.startsWith("partial")) return read;
  return read.replace(/[^[\]{} ]+/g, (word) => /^(1\.0|close)$/.test(word) ? word : "w");
}

/** Mutated vectors against the codec: it must never throw, over-read or contradict itself. */
import { Framing, latin1, latin1Bytes, Method, RequestHead } from "../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead } from "../../mod/http1/mod.ts";
import { readStream, type Transcript } from "../vectors/http1/read_stream.ts";
import { requestRows } from "../vectors/http1/request_rows.ts";
import { responseRows } from "../vectors/http1/response_rows.ts";
import { mutate } from "./mutator.ts";
import type { Random } from "./random.ts";
import { judgeHead } from "./request_oracle.ts";

/** Longer vectors exist only to exceed a limit and are useless to the mutator. */
const rowBytesMax = 3000;
/** Streams with new behaviour are added to the corpus up to this size. */
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

/** A fault with the stream that shows it. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
  constructor(message: string, readonly stream: Uint8Array, options?: ErrorOptions) {
    super(`${message}\nstream: ${JSON.stringify(latin1(stream, 0, stream.length))}`, options);
  }
}

/** Feeds mutated streams to both directions of the codec. */
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

  /** Number of starting streams, including those found while fuzzing. */
  get corpusCount(): number {
    return this.#requests.length + this.#responses.length;
  }

  /** Tests one stream. Throws `FuzzFailure`. */
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

  /** Reads a stream as a whole, byte by byte and in random pieces, with large and small limits. */
  #readEveryWay(stream: Uint8Array, method: Method | null): Transcript {
    const random = this.#random;
    const limits = random.oneIn(3) ? smallLimits : defaultLimits;
    const whole = readStream(stream, [], method, limits);
    const last = whole.reads[whole.reads.length - 1] ?? "";
    // Only after a fault: otherwise padding would be read as part of an incomplete message.
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

  /** Compares the first head with the independent oracle. */
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

/** A message without its details: distinct shapes count as distinct behaviour. */
function shape(read: string): string {
  if (read.startsWith("fault") || read.startsWith("partial")) return read;
  return read.replace(/[^[\]{} ]+/g, (word) => /^(1\.0|close)$/.test(word) ? word : "w");
}

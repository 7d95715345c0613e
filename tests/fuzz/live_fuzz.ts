/** Mutated vectors against a live server: it must answer exactly what the codec reads. */
import type { Address } from "../../mod/base/address.ts";
import { latin1, latin1Bytes } from "../../mod/http/mod.ts";
import { clientPreface } from "../../mod/http2/mod.ts";
import {
  type Answer,
  messagesOf,
  outcomeOf,
  play,
  type Played,
} from "../vectors/http1/play_row.ts";
import { echoesOf, readStream } from "../vectors/http1/read_stream.ts";
import { requestRows } from "../vectors/http1/request_rows.ts";
import { FuzzFailure } from "./codec_fuzz.ts";
import { mutate } from "./mutator.ts";
import type { Random } from "./random.ts";

const rowBytesMax = 3000;
/** Silence that counts as waiting once all responses arrived. Short: many streams are truncated. */
const waitMs = 25;

/**
 * Kinds of servers. `echo` is tests/support/echo_server.ts, checked to the byte; `proxy` has one as
 * its upstream.
 */
export type ServerKind = "echo" | "text" | "proxy";

/** Sends mutated streams, in random pieces, to one server over many connections. */
export class LiveFuzzer {
  readonly #random: Random;
  readonly #address: Address;
  readonly #kind: ServerKind;
  readonly #corpus: Uint8Array[];

  constructor(random: Random, address: Address, kind: ServerKind) {
    this.#random = random;
    this.#address = address;
    this.#kind = kind;
    const short = requestRows.filter((row) => row.bytes.length <= rowBytesMax);
    this.#corpus = short.map((row) => latin1Bytes(row.bytes));
  }

  /** Runs `count` streams at the same time. Throws `FuzzFailure`. */
  async round(count: number): Promise<void> {
    // Chosen before the first await, so that the seed determines them regardless of timing.
    const streams = Array.from({ length: count }, () => {
      const stream = this.#nextStream();
      const cuts = this.#random.oneIn(2) ? this.#random.cuts(stream.length, 3) : [];
      return { stream, cuts };
    });
    await Promise.all(streams.map(({ stream, cuts }) => this.#playOne(stream, cuts)));
  }

  /** A mutated stream of HTTP/1: after the preface of HTTP/2 a server speaks HTTP/2. */
  #nextStream(): Uint8Array {
    for (;;) {
      const stream = mutate(this.#random, this.#corpus);
      if (clientPreface.some((byte, index) => stream[index] !== byte)) return stream;
    }
  }

  async #playOne(stream: Uint8Array, cuts: readonly number[]): Promise<void> {
    const { reads } = readStream(stream, [], null);
    const mayWait = outcomeOf(reads).endsWith("wait");
    try {
      const played = await play(this.#address, stream, reads, mayWait, cuts, waitMs);
      const echoes = echoesOf(stream);
      const found = this.#kind === "proxy"
        ? proxyFault(reads, echoes, played)
        : this.#outcomeFault(stream, reads, played.outcome) ??
          (this.#kind === "echo" ? echoFault(echoes, played.answers) : null);
      if (found !== null) throw new FuzzFailure(found, stream);
    } catch (error) {
      if (error instanceof FuzzFailure) throw error;
      throw new FuzzFailure(`${error} (cut at ${cuts})`, stream, { cause: error });
    }
  }

  #outcomeFault(stream: Uint8Array, reads: readonly string[], outcome: string): string | null {
    const wanted = this.#kind === "echo" ? [echoOutcome(reads)] : textOutcomes(reads);
    if (wanted.includes(outcome) || this.#mayCloseEarly(stream)) return null;
    return `expected ${wanted.join(" or ")}, came ${outcome}`;
  }

  /**
   * A client that expects 100 (Continue) but gets its response immediately may or may not send
   * content: a server that answers early can only close.
   */
  #mayCloseEarly(stream: Uint8Array): boolean {
    return this.#kind === "text" && /100-continue/i.test(latin1(stream, 0, stream.length));
  }
}

function echoFault(echoes: readonly string[], answers: readonly Answer[]): string | null {
  for (let i = 0; i < echoes.length; i++) {
    const wanted = echoes[i].startsWith("HEAD ") ? "" : echoes[i];
    if (answers[i].body !== wanted) return `answer ${i} is ${answers[i].body}, expected ${wanted}`;
  }
  return null;
}

/**
 * A proxy may refuse requests that it does not forward, and rewrites targets that are not in
 * origin-form. But an upstream's response must belong to exactly that request, and there may be no
 * response without a request.
 */
function proxyFault(
  reads: readonly string[],
  echoes: readonly string[],
  { answers, outcome }: Played,
): string | null {
  const last = reads[reads.length - 1] ?? "";
  const answersMax = echoes.length + (/^fault/.test(last) ? 1 : 0) +
    (/next$/.test(outcome) ? 1 : 0);
  const most = answersMax + (last === "partial body" ? 1 : 0);
  if (answers.length > most) return `${answers.length} answers to ${echoes.length} requests`;
  for (let i = 0; i < Math.min(echoes.length, answers.length); i++) {
    if (answers[i].status !== 200 || !/^(GET|POST|PUT) \/[^/.%]*( |$)/.test(echoes[i])) continue;
    if (answers[i].body !== echoes[i]) return `answer ${i} is ${answers[i].body}, not ${echoes[i]}`;
  }
  return null;
}

/** Replaces `any` by statuses: the echo server refuses CONNECT. */
export function echoOutcome(reads: readonly string[]): string {
  const words = outcomeOf(reads).split(" ");
  messagesOf(reads).forEach((read, i) => words[i] = read.startsWith("CONNECT ") ? "405" : "200");
  return words.join(" ");
}

/** A server with a fixed text may answer a request before it has read the content. */
function textOutcomes(reads: readonly string[]): string[] {
  const outcome = echoOutcome(reads);
  const outcomes = [outcome];
  const last = reads[reads.length - 1] ?? "";
  const answered = outcome.split(" ").slice(0, messagesOf(reads).length);
  if (last === "partial body") {
    outcomes.push([...answered, "200", "wait"].join(" "));
    // The announced content is larger than the server accepts.
    outcomes.push([...answered, "413", "close"].join(" "));
  }
  if (/^fault (chunk|trailer)/.test(last)) outcomes.push([...answered, "200", "close"].join(" "));
  return outcomes;
}

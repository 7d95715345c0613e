/** A live server against mutated rows: it must answer what the codec reads, no more and no less. */
import type { Address } from "../../mod/base/address.ts";
import { latin1, latin1Bytes } from "../../mod/http1/mod.ts";
import { messagesOf, outcomeOf, play } from "../vectors/http1/play_row.ts";
import { echoesOf, readStream } from "../vectors/http1/read_stream.ts";
import { requestRows } from "../vectors/http1/request_rows.ts";
import { FuzzFailure } from "./codec_fuzz.ts";
import { mutate } from "./mutator.ts";
import type { Random } from "./random.ts";

const rowBytesMax = 3000;
/** Silence that counts as waiting once all answers are there. Short: many streams are cut off. */
const waitMs = 25;

/** What a server answers. `echo` is tests/support/echo_server.ts, to the byte. */
export type ServerKind = "echo" | "text";

/** Throws mutated streams, in random pieces, at one server over many connections. */
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

  /** `count` streams at the same time. Throws `FuzzFailure`. */
  async round(count: number): Promise<void> {
    // Chosen before anything waits, so that the seed decides them whatever the timing.
    const streams = Array.from({ length: count }, () => {
      const stream = mutate(this.#random, this.#corpus);
      const cuts = this.#random.oneIn(2) ? this.#random.cuts(stream.length, 3) : [];
      return { stream, cuts };
    });
    await Promise.all(streams.map(({ stream, cuts }) => this.#playOne(stream, cuts)));
  }

  async #playOne(stream: Uint8Array, cuts: readonly number[]): Promise<void> {
    const { reads } = readStream(stream, [], null);
    const mayWait = outcomeOf(reads).endsWith("wait");
    try {
      const played = await play(this.#address, stream, reads, mayWait, cuts, waitMs);
      const wanted = this.#kind === "echo" ? [echoOutcome(reads)] : textOutcomes(reads);
      if (!wanted.includes(played.outcome) && !this.#mayCloseEarly(stream)) {
        throw new FuzzFailure(`expected ${wanted.join(" or ")}, came ${played.outcome}`, stream);
      }
      if (this.#kind !== "echo") return;
      echoesOf(stream).forEach((echo, i) => {
        const { body } = played.answers[i];
        if (body === (echo.startsWith("HEAD ") ? "" : echo)) return;
        throw new FuzzFailure(`answer ${i} is ${body}, expected ${echo}`, stream);
      });
    } catch (error) {
      if (error instanceof FuzzFailure) throw error;
      throw new FuzzFailure(`${error} (cut at ${cuts})`, stream, { cause: error });
    }
  }

  /**
   * A client that waits for 100 (Continue) and gets its answer at once may or may not send content:
   * closing is all that a server which answers early can do.
   */
  #mayCloseEarly(stream: Uint8Array): boolean {
    return this.#kind === "text" && /100-continue/i.test(latin1(stream, 0, stream.length));
  }
}

/** Statuses in place of `any`: the echo server refuses CONNECT. */
export function echoOutcome(reads: readonly string[]): string {
  const words = outcomeOf(reads).split(" ");
  messagesOf(reads).forEach((read, i) => words[i] = read.startsWith("CONNECT ") ? "405" : "200");
  return words.join(" ");
}

/** A server of a fixed text may answer a request before it has read its content. */
function textOutcomes(reads: readonly string[]): string[] {
  const outcome = echoOutcome(reads);
  const outcomes = [outcome];
  const last = reads[reads.length - 1] ?? "";
  const answered = outcome.split(" ").slice(0, messagesOf(reads).length);
  if (last === "partial body") outcomes.push([...answered, "200", "wait"].join(" "));
  if (/^fault (chunk|trailer)/.test(last)) outcomes.push([...answered, "200", "close"].join(" "));
  return outcomes;
}

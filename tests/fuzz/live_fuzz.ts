/** A live server against mutated rows: it must answer what the codec reads, no more and no less. */
import type { Address } from "../../mod/base/address.ts";
import { latin1, latin1Bytes } from "../../mod/http1/mod.ts";
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
/** Silence that counts as waiting once all answers are there. Short: many streams are cut off. */
const waitMs = 25;

/**
 * What a server answers. `echo` is tests/support/echo_server.ts, to the byte; `proxy` has one of those
 * as its upstream.
 */
export type ServerKind = "echo" | "text" | "proxy";

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
   * A client that waits for 100 (Continue) and gets its answer at once may or may not send content:
   * closing is all that a server which answers early can do.
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
 * A proxy may refuse what it does not forward, and rewrites targets that are not in origin-form. But
 * what its upstream has answered must be the answer to that very request, and nothing may be
 * answered that was not asked.
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
  if (last === "partial body") {
    outcomes.push([...answered, "200", "wait"].join(" "));
    // Content that was announced larger than the server takes.
    outcomes.push([...answered, "413", "close"].join(" "));
  }
  if (/^fault (chunk|trailer)/.test(last)) outcomes.push([...answered, "200", "close"].join(" "));
  return outcomes;
}

/** Plays streams of requests over real sockets and says what came of them. */
import type { Address } from "../../../mod/base/address.ts";
import { latin1, latin1Bytes, Method, methodNames, ResponseHead } from "../../../mod/http/mod.ts";
import { BodyDecoder, defaultLimits, describeFault, Fault, parseResponseHead } from "../../../mod/http1/mod.ts";
import { sleep } from "../../support/child.ts";
import { RawConnection } from "../../support/raw_socket.ts";

/** A further request, to see whether the connection is still good for one. */
const probe = "GET /probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";
/** Between two pieces, so that they arrive as two. */
const pieceGapMs = 5;
/** Silence after which a server that has answered what it can is taken to wait for more. */
const defaultWaitMs = 300;
/** A server that gives no sign of life for so long hangs. */
const hangMs = 10_000;

/** A final response. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What a server made of a stream. */
export interface Played {
  /** As in `RequestRow.allowed`: `200 400 close`. */
  readonly outcome: string;
  readonly answers: readonly Answer[];
}

/** Names of the messages that `reads` holds, without its fault or partial end. */
export function messagesOf(reads: readonly string[]): string[] {
  return reads.filter((read) => !/^(fault|partial)\b/.test(read));
}

/** The outcome that our codec stands for: `any` for each message, then what the last read means. */
export function outcomeOf(reads: readonly string[]): string {
  const last = reads[reads.length - 1] ?? "";
  let end = last.endsWith(" close") ? "close" : "next";
  if (last.startsWith("partial ")) end = "wait";
  if (last.startsWith("fault ")) {
    const { status } = describeFault(Fault[last.slice(6) as keyof typeof Fault]);
    end = `${status} close`;
  }
  return [...messagesOf(reads).map(() => "any"), end].join(" ");
}

/** Whether `outcome` is one that `allowed` admits, where `any` is what a sound request may get. */
export function isAllowed(outcome: string, allowed: readonly string[]): boolean {
  return allowed.some((pattern) => {
    const words = outcome.split(" ");
    const wanted = pattern.split(" ");
    return words.length === wanted.length &&
      wanted.every((word, i) => word === words[i] || (word === "any" && isSound(words[i])));
  });
}

function isSound(word: string): boolean {
  const status = Number(word);
  return (status >= 200 && status < 400) || status === 404 || status === 405;
}

/**
 * Sends `stream`, cut at `cuts`, on a fresh connection, and behind it, unless `mayWait`, a probe.
 * `reads` tells the methods of the requests in it, on which the framing of the answers depends.
 */
export async function play(
  address: Address,
  stream: Uint8Array,
  reads: readonly string[],
  mayWait: boolean,
  cuts: readonly number[] = [],
  waitMs: number = defaultWaitMs,
): Promise<Played> {
  using connection = await RawConnection.open(address);
  const sending = sendPieces(connection, stream, mayWait ? "" : probe, cuts);
  const methods = messagesOf(reads).map(methodOfRead);
  const bytes = mayWait
    ? await readUntilIdle(connection, methods, sending, waitMs)
    : await connection.readAll({ idleMs: hangMs });
  await sending;
  const answers = readAnswers(bytes, methods);
  const statuses = answers.map((answer) => String(answer.status));
  let end = connection.isClosedByPeer ? "close" : "wait";
  if (!mayWait && answers.length === methods.length + (isFaulty(reads) ? 2 : 1)) {
    statuses.pop();
    end = "next";
  }
  return { outcome: [...statuses, end].join(" "), answers };
}

/** Reads until the answers to all messages are there, and nothing more comes for `waitMs`. */
async function readUntilIdle(
  connection: RawConnection,
  methods: readonly Method[],
  sending: Promise<void>,
  waitMs: number,
): Promise<Uint8Array> {
  const deadline = performance.now() + hangMs;
  let bytes = new Uint8Array(0);
  let isSent = false;
  void sending.then(() => isSent = true, () => isSent = true);
  while (true) {
    const wasSent = isSent;
    const more = await connection.readAll({ idleMs: waitMs });
    const joined = new Uint8Array(bytes.length + more.length);
    joined.set(bytes);
    joined.set(more, bytes.length);
    bytes = joined;
    if (connection.isClosedByPeer || performance.now() > deadline) return bytes;
    if (wasSent && more.length === 0 && answerCount(bytes, methods) >= methods.length) return bytes;
  }
}

function answerCount(bytes: Uint8Array, methods: readonly Method[]): number {
  try {
    return readAnswers(bytes, methods).length;
  } catch {
    // Half an answer: the caller reads on, and complains itself when no more comes.
    return -1;
  }
}

/** Behind a fault the probe's answer can only be the second: the faulty request has one as well. */
function isFaulty(reads: readonly string[]): boolean {
  return reads.length > 0 && reads[reads.length - 1].startsWith("fault ");
}

async function sendPieces(
  connection: RawConnection,
  stream: Uint8Array,
  tail: string,
  cuts: readonly number[],
): Promise<void> {
  const bytes = new Uint8Array(stream.length + tail.length);
  bytes.set(stream);
  bytes.set(latin1Bytes(tail), stream.length);
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut <= at) continue;
    try {
      await connection.send(bytes.subarray(at, cut));
    } catch (error) {
      // The server has closed already: what it said before is what counts.
      if (isGone(error)) return;
      throw error;
    }
    at = cut;
    if (at < bytes.length) await sleep(pieceGapMs);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.NotConnected;
}

function methodOfRead(read: string): Method {
  const method = methodNames.indexOf(read.slice(0, read.indexOf(" ")));
  return (method < 0 ? Method.other : method) as Method;
}

/** Reads the final responses strictly; anything else in the bytes is an error. */
export function readAnswers(bytes: Uint8Array, methods: readonly Method[]): Answer[] {
  const head = new ResponseHead();
  const decoder = new BodyDecoder();
  const answers: Answer[] = [];
  for (let at = 0; at < bytes.length;) {
    const method = methods[answers.length] ?? Method.get;
    const next = parseResponseHead(head, bytes, at, bytes.length, defaultLimits, at, method);
    if (next <= 0) throw new Error(`no response: ${JSON.stringify(latin1(bytes, at, bytes.length))}`);
    at = next;
    if (head.status < 200 && head.status !== 101) continue;
    decoder.reset(head.framing, head.contentLength, defaultLimits);
    let body = "";
    while (!decoder.done && at < bytes.length) {
      at = decoder.step(bytes, at, bytes.length);
      if (at < 0) throw new Error(`response body: ${describeFault(at).phrase}`);
      body += latin1(bytes, decoder.dataStart, decoder.dataEnd);
    }
    if (!decoder.finishAtEof()) throw new Error(`a response of ${head.status} is cut off`);
    answers.push({ status: head.status, body });
  }
  return answers;
}

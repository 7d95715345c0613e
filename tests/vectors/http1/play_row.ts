/** Plays streams of requests over real sockets and returns the outcomes. */
import type { Address } from "../../../mod/base/address.ts";
import { latin1, latin1Bytes, Method, methodNames, ResponseHead } from "../../../mod/http/mod.ts";
import { BodyDecoder, defaultLimits, describeFault, Fault, parseResponseHead } from "../../../mod/http1/mod.ts";
import { sleep } from "../../support/child.ts";
import { RawConnection } from "../../support/raw_socket.ts";

/** A further request, to check whether the connection can still serve one. */
const probe = "GET /probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";
/** Between two pieces, so that they arrive as two. */
const pieceGapMs = 5;
/** Silence after which a server with no complete request left counts as waiting for more. */
const defaultWaitMs = 300;
/** Silence after which a server counts as hung. */
const hangMs = 10_000;

/** A final response. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The outcome of a stream. */
export interface Played {
  /** As in `RequestRow.allowed`: `200 400 close`. */
  readonly outcome: string;
  readonly answers: readonly Answer[];
}

/** Names of the messages that `reads` holds, without its fault or partial end. */
export function messagesOf(reads: readonly string[]): string[] {
  return reads.filter((read) => !/^(fault|partial)\b/.test(read));
}

/** The outcome that follows from our codec: `any` for each message, then the end of the stream. */
export function outcomeOf(reads: readonly string[]): string {
  const last = reads[reads.length - 1] ?? "";
  let end = last.endsWith(" close") ? "close" : "next";
  if (last.startsWith("partial ")) end = "wait";
  if (last === "fault notHttp" && reads.length === 1) {
    // Another protocol is hung up on: it cannot read a response.
    end = "close";
  } else if (last.startsWith("fault ")) {
    const { status } = describeFault(Fault[last.slice(6) as keyof typeof Fault]);
    end = `${status} close`;
  }
  return [...messagesOf(reads).map(() => "any"), end].join(" ");
}

/** Whether `outcome` is one that `allowed` admits, where `any` is any response to a valid request. */
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
 * Sends `stream`, cut at `cuts`, on a new connection, followed by a probe unless `mayWait`.
 * `reads` has the methods of the requests in it, on which the framing of the responses depends.
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

/** Reads until all responses have arrived and nothing more arrives for `waitMs`. */
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
    // A partial response: the caller continues to read, and reports it if no more arrives.
    return -1;
  }
}

/** After a fault the probe's response can only be the second: the faulty request has one, too. */
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
      // The server has already closed: its earlier output is the outcome.
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

/** Judges the response to an http probe as its bytes arrive. */
import { Method, ResponseHead } from "../../http/mod.ts";
import {
  BodyDecoder,
  defaultLimits,
  describeFault,
  Fault,
  parseResponseHead,
} from "../../http1/mod.ts";
import type { CheckPlan } from "../plan/check_plan.ts";
import type { ProbeFault } from "./check_state.ts";
import { bodyText, Match } from "./match.ts";
import { StatusLine } from "./status_line.ts";

/** Result of judging a response. */
export interface Verdict {
  /** null: the peer is alive. */
  readonly fault: ProbeFault | null;
  /** Why it failed, or a command's output; "" when there is nothing to add. */
  readonly note: string;
}

export interface ResponseJudge {
  /** Reads bytes; null: more are needed. */
  take(bytes: Uint8Array, start: number, end: number): Verdict | null;
  /** The peer has closed. */
  end(): Verdict;
}

/** Bodies are examined up to this size, as NGINX Plus does. */
export const bodyBytesMax = 256 * 1024;

const alive: Verdict = { fault: null, note: "" };
const cutOff: Verdict = { fault: "closed", note: "" };

/** The judge for one response to a check's probe. */
export function judgeOf(check: CheckPlan): ResponseJudge {
  return check.match === null
    ? new ClassJudge(check.aliveClasses)
    : new MatchJudge(new Match(check.match), check.send.startsWith("HEAD "));
}

/** Tengine's rule: judges by the status line and does not wait for the rest. */
class ClassJudge implements ResponseJudge {
  readonly #line = new StatusLine();

  constructor(readonly aliveClasses: number) {}

  take(bytes: Uint8Array, start: number, end: number): Verdict | null {
    const status = this.#line.take(bytes, start, end);
    if (status === 0) return null;
    if (status < 0) return { fault: "statusLine", note: "" };
    const isAlive = (this.aliveClasses & 1 << Math.floor(status / 100)) !== 0;
    return isAlive ? alive : { fault: "status", note: `the status is ${status}` };
  }

  end(): Verdict {
    return cutOff;
  }
}

/** Reads the head and, if needed, the body with the same codec as traffic. */
class MatchJudge implements ResponseJudge {
  readonly #head = new ResponseHead();
  readonly #method: Method;
  #bytes = new Uint8Array(2048);
  #length = 0;
  /** Start of the head being read, after any interim responses. */
  #start = 0;
  #lastEnd = 0;
  #body: BodyDecoder | null = null;
  #bodyBytes = new Uint8Array(0);
  #bodyLength = 0;

  constructor(readonly match: Match, isHead: boolean) {
    this.#method = isHead ? Method.head : Method.get;
  }

  take(bytes: Uint8Array, start: number, end: number): Verdict | null {
    if (this.#body !== null) return this.#takeBody(bytes, start, end);
    this.#bytes = append(this.#bytes, this.#length, bytes, start, end);
    this.#length += end - start;
    return this.#parse();
  }

  end(): Verdict {
    return this.#body?.finishAtEof() ? this.#judgeBody() : cutOff;
  }

  #parse(): Verdict | null {
    const at = parseResponseHead(
      this.#head,
      this.#bytes,
      this.#start,
      this.#length,
      defaultLimits,
      this.#lastEnd,
      this.#method,
    );
    this.#lastEnd = this.#length;
    if (at === 0) return null;
    if (at < 0) return broken(at);
    const { status } = this.#head;
    if (status >= 100 && status < 200 && status !== 101) {
      this.#start = this.#lastEnd = at;
      return this.#parse();
    }
    const wrong = this.match.headFault(this.#head);
    if (wrong !== null) return { fault: "match", note: wrong };
    if (!this.match.needsBody) return alive;
    this.#body = new BodyDecoder();
    this.#body.reset(this.#head.framing, this.#head.contentLength, defaultLimits);
    return this.#takeBody(this.#bytes, at, this.#length);
  }

  #takeBody(bytes: Uint8Array, start: number, end: number): Verdict | null {
    const body = this.#body!;
    for (let at = start; at < end && !body.done;) {
      at = body.step(bytes, at, end);
      if (at < 0) return broken(at);
      this.#keep(bytes, body.dataStart, body.dataEnd);
      if (this.#bodyLength === bodyBytesMax) return this.#judgeBody();
    }
    return body.done ? this.#judgeBody() : null;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const wanted = Math.min(end, start + bodyBytesMax - this.#bodyLength);
    this.#bodyBytes = append(this.#bodyBytes, this.#bodyLength, bytes, start, wanted);
    this.#bodyLength += wanted - start;
  }

  #judgeBody(): Verdict {
    const text = bodyText(this.#bodyBytes.subarray(0, this.#bodyLength));
    const wrong = this.match.bodyFault(text);
    return wrong === null ? alive : { fault: "match", note: wrong };
  }
}

function broken(code: number): Verdict {
  const isLine = code === Fault.statusLine;
  return { fault: isLine ? "statusLine" : "match", note: describeFault(code).phrase };
}

/** Writes the bytes after the first `length` of `into`; returns a larger buffer if needed. */
function append(
  into: Uint8Array<ArrayBuffer>,
  length: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  let buffer = into;
  if (length + end - start > buffer.length) {
    buffer = new Uint8Array(Math.max(2 * into.length, length + end - start));
    buffer.set(into.subarray(0, length));
  }
  buffer.set(bytes.subarray(start, end), length);
  return buffer;
}

/** The call of a grpc probe, grpc.health.v1.Health/Check, and what its answer says. */
import { version } from "../../base/version.ts";
import { latin1Bytes, Method, type ResponseHead, type TrailerField } from "../../http/mod.ts";
import {
  ByteWriter,
  defaultSectionLimits,
  defaultSessionOptions,
  errorName,
  HeadSpace,
  Session,
  type SessionSink,
  Stream,
} from "../../http2/mod.ts";
import type { ResponseJudge, Verdict } from "./response_judge.ts";
import { readHealth, writeHealthRequest } from "./health_message.ts";

const options = { ...defaultSessionOptions, isServer: false };
const path = latin1Bytes("/grpc.health.v1.Health/Check");
const post = latin1Bytes("POST");
const alive: Verdict = { fault: null, note: "" };
/** More than any answer needs. */
const answerBytesMax = 1024;

/** Made at the first probe: few processes check gRPC. */
let space: HeadSpace | null = null;

/** One call on a connection of its own. */
export class GrpcJudge implements ResponseJudge, SessionSink<Stream> {
  /** What is to be sent: at first the call, later acknowledgements. */
  readonly output = new ByteWriter();
  readonly #session: Session;
  readonly #answer = new ByteWriter(64);
  #verdict: Verdict | null = null;
  #nowMs: () => number;

  /** `authority`: of the server; `service`: whose health is asked for, "" for the server's own. */
  constructor(authority: string, isSecure: boolean, service: string, nowMs: () => number) {
    const { output } = this;
    space ??= new HeadSpace(defaultSectionLimits, options.tableBytesMax);
    this.#nowMs = nowMs;
    this.#session = new Session<Stream>(options, this, {
      write: (bytes, start, end) => output.copy(bytes, start, end),
      isBlocked: false,
    }, space);
    this.#session.start();
    this.#call(space.block, latin1Bytes(authority), isSecure, service);
  }

  #call(block: ByteWriter, authority: Uint8Array, isSecure: boolean, service: string): void {
    const { encoder } = this.#session;
    const lines = latin1Bytes(
      `content-type: application/grpc\r\nte: trailers\r\nuser-agent: hayate/${version}\r\n`,
    );
    const stream = this.#session.open(Method.post);
    block.clear();
    encoder.begin();
    encoder.target(post, 0, post.length, isSecure, path, 0, path.length);
    encoder.authority(authority, 0, authority.length);
    encoder.lines(lines, 0, lines.length, null);
    this.#session.writeHead(stream, block.bytes, 0, block.length, false);
    const message = writeHealthRequest(service);
    this.#session.writeData(stream, message, 0, message.length, true);
  }

  take(bytes: Uint8Array, start: number, end: number): Verdict | null {
    this.#session.receive(bytes, start, end, this.#nowMs());
    return this.#verdict;
  }

  end(): Verdict {
    return this.#verdict ?? { fault: "closed", note: "" };
  }

  makeStream(): Stream {
    return new Stream();
  }

  onResponse(_stream: Stream, head: ResponseHead, ends: boolean): void {
    if (head.status < 200) return;
    if (head.status !== 200) this.#fail(`the status is ${head.status}`);
    else if (ends) this.#conclude(head.field("grpc-status"), head.field("grpc-message"));
  }

  onData(_stream: Stream, bytes: Uint8Array, start: number, end: number): void {
    if (this.#answer.length + end - start > answerBytesMax) return this.#fail("the answer is long");
    this.#answer.copy(bytes, start, end);
  }

  onEnd(_stream: Stream, trailers: readonly TrailerField[]): void {
    const find = (wanted: string) => trailers.find(({ name }) => name === wanted)?.value ?? null;
    this.#conclude(find("grpc-status"), find("grpc-message"));
  }

  onReset(_stream: Stream, code: number): void {
    this.#fail(`the stream was reset: ${errorName(code)}`);
  }

  onFailure(code: number): void {
    this.#fail(`HTTP/2 failed: ${errorName(code)}`);
  }

  onGoaway(lastId: number, code: number): void {
    if (lastId === 0) this.#fail(`the peer sent GOAWAY: ${errorName(code)}`);
  }

  onClosed(): void {}
  onMalformed(): void {}
  onWritable(): void {}
  onSettings(): void {}
  onPong(): void {}
  /** Only of servers' sessions. */
  onRequest(): void {}
  onRefused(): void {}

  #conclude(status: string | null, message: string | null): void {
    if (status !== "0") {
      const detail = message === null || message === "" ? "" : `: ${message}`;
      return this.#fail(`grpc-status is ${status ?? "missing"}${detail}`);
    }
    const health = readHealth(this.#answer.bytes.subarray(0, this.#answer.length));
    if (health === "SERVING") this.#verdict ??= alive;
    else this.#fail(`the health status is ${health}`);
  }

  #fail(note: string): void {
    this.#verdict ??= { fault: "status", note };
  }
}

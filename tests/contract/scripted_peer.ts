/** An HTTP/2 peer whose frames a test writes by hand, and which notes those that it gets. */
import { latin1 } from "../../mod/http/latin1.ts";
import { defaultSectionLimits, errorName, HeadSpace } from "../../mod/http2/mod.ts";
import { HpackDecoder } from "../../mod/http2/hpack/decoder.ts";
import { uint32At } from "../../mod/http2/frames/frame_reader.ts";
import { block, bytes, end, endHeaders, frame, Type } from "../vectors/http2/wire.ts";
import type { Recorder } from "./harness.ts";

const prefaceBytes = 24;

/** One connection of the peer. */
export class ScriptedPeer {
  readonly recorder: Recorder;
  readonly #space = new HeadSpace(defaultSectionLimits, 4096);
  readonly #decoder = new HpackDecoder(this.#space.area, 4096);
  /** Frames as words: `HEADERS 1 GET /path end`, `DATA 1 abc`, `RST 1 CANCEL`. */
  readonly frames: string[] = [];
  /** Received and not yet read. */
  #rest = new Uint8Array(0);
  #hasPreface = false;

  constructor(recorder: Recorder) {
    this.recorder = recorder;
    recorder.onBytes = (received, start, end) => {
      this.#rest = Uint8Array.from([...this.#rest, ...received.subarray(start, end)]);
      this.#parse();
    };
  }

  send(...frames: readonly Uint8Array[]): void {
    const all = bytes(...frames);
    const accepted = this.recorder.socket.write(all, 0, all.length);
    if (accepted !== all.length) throw new Error(`write accepted ${accepted} of ${all.length}`);
  }

  /** Waits for a frame that begins with `words`. Returns it. */
  async until(words: string): Promise<string> {
    const find = () => this.frames.find((text) => text.startsWith(words));
    await this.recorder.until(() => find() !== undefined);
    return find()!;
  }

  #parse(): void {
    let at = this.#hasPreface ? 0 : prefaceBytes;
    if (this.#rest.length < at) return;
    this.#hasPreface = true;
    while (this.#rest.length - at >= 9) {
      const header = this.#rest.subarray(at, at + 9);
      const length = header[0] << 16 | header[1] << 8 | header[2];
      if (this.#rest.length - at < 9 + length) break;
      at += 9 + length;
      this.frames.push(this.#describe(header, this.#rest.subarray(at - length, at)));
    }
    this.#rest = this.#rest.slice(at);
  }

  #describe(header: Uint8Array, payload: Uint8Array): string {
    const id = uint32At(header, 5);
    const tail = (header[4] & end) !== 0 ? " end" : "";
    switch (header[3]) {
      case Type.headers:
        return `HEADERS ${id} ${this.#fields(payload)}${tail}`;
      case Type.data:
        return `DATA ${id} ${latin1(payload, 0, payload.length)}${tail}`;
      case Type.reset:
        return `RST ${id} ${errorName(uint32At(payload, 0))}`;
      case Type.goaway:
        return `GOAWAY ${uint32At(payload, 0)} ${errorName(uint32At(payload, 4))}`;
      case Type.window:
        return `WINDOW ${id} ${uint32At(payload, 0)}`;
      case Type.settings:
        return `SETTINGS${tail}`;
      default:
        return `FRAME ${header[3]} ${id}`;
    }
  }

  /** `METHOD target`, and the fields after it; trailers have no request line. */
  #fields(payload: Uint8Array): string {
    const { request } = this.#space;
    request.begin();
    this.#decoder.decode(payload, 0, payload.length, request);
    const { head } = request;
    const hasLine = request.conclude(false);
    head.bytes = this.#space.area.bytes;
    const fields = Array.from(
      { length: head.fieldCount },
      (_, i) => `${head.name(i)}: ${head.value(i)}`,
    );
    const line = hasLine ? `${head.methodText()} ${head.targetText()}` : "";
    return [line, ...fields].join("; ");
  }
}

/** HEADERS of a response; `:status` alone without `more`. */
export function status(
  id: number,
  code: number,
  flags: number,
  ...more: readonly (readonly [string, string])[]
): Uint8Array {
  const fields = block([":status", String(code)], ...more);
  return frame(Type.headers, endHeaders | flags, id, fields);
}

/** HEADERS that end a response after its body. */
export function trailers(id: number, ...fields: readonly (readonly [string, string])[]) {
  return frame(Type.headers, endHeaders | end, id, block(...fields));
}

export function goaway(lastId: number, code = 0): Uint8Array {
  return frame(
    Type.goaway,
    0,
    0,
    ...[lastId, code].map((value) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)),
  );
}

/** An HTTP/2 client for tests, frame by frame: the test controls what is sent and sees every frame. */
import type { Address } from "../../mod/base/address.ts";
import { latin1Bytes } from "../../mod/http/latin1.ts";
import { defaultSectionLimits, errorName, HeadSpace } from "../../mod/http2/mod.ts";
import { HpackDecoder } from "../../mod/http2/hpack/decoder.ts";
import { uint32At } from "../../mod/http2/frames/frame_reader.ts";
import { block, bytes, frame, getFields, preface, settings, Type } from "../vectors/http2/wire.ts";
import { latin1, RawConnection } from "./raw_socket.ts";

const names = "DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE " +
  "CONTINUATION";
const frameNames = names.split(" ");

/** A frame as received. `text`: the fields of a head, the bytes of DATA, codes by their names. */
export interface WireFrame {
  readonly name: string;
  readonly id: number;
  readonly ends: boolean;
  readonly text: string;
  readonly payload: Uint8Array;
}

/** What came on one stream. */
export interface WireResponse {
  /** Lines of each head, interim ones and trailers included. */
  readonly heads: readonly string[];
  readonly body: string;
  /** `END`, or the code of a reset. */
  readonly end: string;
}

/** One connection. `using` closes it. */
export class Http2Wire implements Disposable {
  readonly raw: RawConnection;
  readonly #space = new HeadSpace(defaultSectionLimits, 4096);
  readonly #decoder = new HpackDecoder(this.#space.area, 4096);
  /** Frames that were read while something else was awaited. */
  readonly #waiting: WireFrame[] = [];
  #isClosed = false;

  constructor(raw: RawConnection) {
    this.raw = raw;
  }

  /** Connects, and sends what a client begins with. */
  static async open(
    address: Address,
    ...pairs: readonly (readonly [id: number, value: number])[]
  ): Promise<Http2Wire> {
    const wire = new Http2Wire(await RawConnection.open(address));
    await wire.send(preface, settings(...pairs));
    return wire;
  }

  async send(...frames: readonly (string | Uint8Array)[]): Promise<void> {
    await this.raw.send(bytes(...frames));
  }

  /** HEADERS for `GET path`, which end the stream. */
  async get(
    id: number,
    path: string,
    ...fields: readonly (readonly [string, string])[]
  ): Promise<void> {
    await this.send(request(id, "GET", path, 5, ...fields));
  }

  /** HEADERS for `POST path`, whose body follows. */
  async post(
    id: number,
    path: string,
    ...fields: readonly (readonly [string, string])[]
  ): Promise<void> {
    await this.send(request(id, "POST", path, 4, ...fields));
  }

  /** The next frame, of `name` if given; others stay to be read. */
  async next(name?: string, id?: number): Promise<WireFrame> {
    const isIt = (frame: WireFrame) =>
      (name === undefined || frame.name === name) && (id === undefined || frame.id === id);
    const at = this.#waiting.findIndex(isIt);
    if (at >= 0) return this.#waiting.splice(at, 1)[0];
    while (true) {
      const frame = await this.#read();
      if (isIt(frame)) return frame;
      this.#waiting.push(frame);
    }
  }

  /** Everything on stream `id` until it ends. */
  async response(id: number): Promise<WireResponse> {
    const heads: string[] = [];
    let body = "";
    while (true) {
      const frame = await this.next(undefined, id);
      if (frame.name === "RST_STREAM") return { heads, body, end: frame.text };
      if (frame.name === "HEADERS") heads.push(frame.text);
      if (frame.name === "DATA") body += frame.text;
      if (frame.ends) return { heads, body, end: "END" };
    }
  }

  /** The code of the GOAWAY that ends the connection, which the server then closes. */
  async goaway(): Promise<string> {
    return (await this.next("GOAWAY")).text;
  }

  close(): void {
    if (!this.#isClosed) this.raw.close();
    this.#isClosed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(): Promise<WireFrame> {
    const header = latin1Bytes(await this.raw.readBytes(9));
    const length = header[0] << 16 | header[1] << 8 | header[2];
    const payload = latin1Bytes(length === 0 ? "" : await this.raw.readBytes(length));
    const [type, flags] = header.subarray(3, 5);
    const name = frameNames[type] ?? String(type);
    const ends = (name === "DATA" || name === "HEADERS") && (flags & 1) !== 0;
    const id = uint32At(header, 5);
    return { name, id, ends, payload, text: this.#describe(name, flags, payload) };
  }

  #describe(name: string, flags: number, payload: Uint8Array): string {
    switch (name) {
      case "HEADERS":
        return this.#fields(payload);
      case "DATA":
        return latin1(payload);
      case "RST_STREAM":
        return errorName(uint32At(payload, 0));
      case "GOAWAY":
        return `${uint32At(payload, 0)} ${errorName(uint32At(payload, 4))}`;
      case "WINDOW_UPDATE":
        return `+${uint32At(payload, 0)}`;
      default:
        return (flags & 1) !== 0 ? "ACK" : "";
    }
  }

  /** `status 200; name: value; ...`; trailers without a status. */
  #fields(payload: Uint8Array): string {
    const { response } = this.#space;
    response.begin();
    this.#decoder.decode(payload, 0, payload.length, response);
    // Trailers have no status, which is a fault here and nowhere else.
    response.conclude(false, 1);
    const { head } = response;
    const parts = Array.from(
      { length: head.fieldCount },
      (_, i) => `${head.name(i)}: ${head.value(i)}`,
    );
    return [...(head.status > 0 ? [`status ${head.status}`] : []), ...parts].join("; ");
  }
}

/** HEADERS of a request; `flags` as on the wire. */
export function request(
  id: number,
  method: string,
  path: string,
  flags: number,
  ...fields: readonly (readonly [string, string])[]
): Uint8Array {
  const [, scheme, , authority] = getFields;
  const all = [[":method", method], scheme, [":path", path], authority, ...fields] as const;
  return frame(Type.headers, flags, id, block(...all));
}

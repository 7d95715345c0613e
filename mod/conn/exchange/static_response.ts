import { imfFixdate } from "../../http/date.ts";
import { reasonPhrase } from "../../http/status.ts";
import { PreparedResponse } from "../../http2/mod.ts";
import { serverField } from "./server_options.ts";
import { concat } from "../../std/bytes.ts";

const encoder = new TextEncoder();

/** One rendered form, with the offset of its date. */
interface Rendering {
  readonly bytes: Uint8Array;
  readonly headBytes: number;
  dateOffset: number;
  dateSeconds: number;
}

/** The same as frames of HTTP/2. */
interface Frames {
  readonly response: PreparedResponse;
  dateSeconds: number;
}

/** Larger parts are not sent as one frame, which is what a client must accept at least. */
const framedBytesMax = 8192;
const noBytes = new Uint8Array(0);

/**
 * A whole response. Its forms for HTTP/1 are rendered once: no work per request, and the date is
 * rewritten in place once a second. Other versions take `fields` and `body`.
 */
export class StaticResponse {
  readonly status: number;
  /** Without Date, Server and the fields of framing and connection. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** As frames of HTTP/2, made at the first use; null: too large for that. */
  #frames: Frames | null | undefined = undefined;
  #framesHead: Frames | null | undefined = undefined;
  readonly #persistent: Rendering;
  readonly #persistentHead: Rendering;
  readonly #legacy: Rendering;
  readonly #legacyHead: Rendering;
  readonly #closing: Rendering;
  readonly #closingHead: Rendering;

  /** `fields` without Date, Server, Content-Length and Connection, which are added. */
  constructor(
    status: number,
    fields: readonly (readonly [name: string, value: string])[],
    body: Uint8Array | string,
  ) {
    this.status = status;
    this.fields = fields;
    const content = this.body = typeof body === "string" ? encoder.encode(body) : body;
    const none = new Uint8Array(0);
    const render = (connection: string, withBody: boolean) =>
      rendering(status, fields, connection, content.length, withBody ? content : none);
    this.#persistent = render("", true);
    this.#persistentHead = render("", false);
    // HTTP/1.0 clients such as ab keep a connection only if the response says so.
    this.#legacy = render("Connection: keep-alive\r\n", true);
    this.#legacyHead = render("Connection: keep-alive\r\n", false);
    this.#closing = render("Connection: close\r\n", true);
    this.#closingHead = render("Connection: close\r\n", false);
  }

  /** The bytes to send in HTTP/1. `epochSeconds`: the current time; `imfDate`: its text as 29 ASCII bytes. */
  select(
    minor: 0 | 1,
    persist: boolean,
    isHead: boolean,
    epochSeconds: number,
    imfDate: Uint8Array,
  ): Rendering {
    const chosen = !persist
      ? (isHead ? this.#closingHead : this.#closing)
      : minor === 0
      ? (isHead ? this.#legacyHead : this.#legacy)
      : (isHead ? this.#persistentHead : this.#persistent);
    if (chosen.dateSeconds !== epochSeconds) {
      chosen.bytes.set(imfDate, chosen.dateOffset);
      chosen.dateSeconds = epochSeconds;
    }
    return chosen;
  }

  /** The frames to send, with the current date as in `select`; null: too large for prepared frames. */
  prepare(
    isHead: boolean,
    epochSeconds: number,
    imfDate: Uint8Array,
  ): PreparedResponse | null {
    const frames = isHead
      ? this.#framesHead ??= this.#makeFrames(noBytes, imfDate)
      : this.#frames ??= this.#makeFrames(this.body, imfDate);
    if (frames === null) return null;
    if (frames.dateSeconds !== epochSeconds) {
      frames.response.setDate(imfDate);
      frames.dateSeconds = epochSeconds;
    }
    return frames.response;
  }

  #makeFrames(body: Uint8Array, imfDate: Uint8Array): Frames | null {
    const { status } = this;
    const length = status === 204 || status === 304
      ? ""
      : `Content-Length: ${this.body.length}\r\n`;
    const lines = encoder.encode(`${serverField}${length}${linesOf(this.fields)}`);
    if (body.length > framedBytesMax || lines.length > framedBytesMax) return null;
    return { response: new PreparedResponse(status, lines, imfDate, body), dateSeconds: 0 };
  }
}

function linesOf(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

function rendering(
  status: number,
  fields: readonly (readonly [string, string])[],
  connection: string,
  contentLength: number,
  body: Uint8Array,
): Rendering {
  const lines = linesOf(fields);
  const start = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${serverField}Date: `;
  const length = status === 204 || status === 304 ? "" : `Content-Length: ${contentLength}\r\n`;
  const head = encoder.encode(`${start}${imfFixdate(0)}\r\n${lines}${length}${connection}\r\n`);
  const bytes = concat([head, body]);
  return { bytes, headBytes: head.length, dateOffset: start.length, dateSeconds: 0 };
}

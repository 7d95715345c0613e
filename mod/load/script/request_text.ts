/** Requests of a script from their parts; what is known of the last one need not be read from it. */
import { Method, methodNames } from "../../http/mod.ts";
import type { FieldLines } from "./field_lines.ts";
import { readContent, readMethod, readPath } from "./request_shape.ts";
import { TextBuffer } from "./text_buffer.ts";
import { concat } from "../../std/bytes.ts";

/** Methods that are sent with `Content-Length: 0` when they have no body. */
const methodsWithBody = new Set(["POST", "PUT", "PATCH"]);
/** Targets that need no other look: a path in printable ASCII. */
const plainPath = /^\/[\x21\x22\x24-\x7e]*$/;
const encoder = new TextEncoder();
const buffer = new TextBuffer();

export class RequestText {
  /** The last text if it is one valid request, of which `method` and `closes` are known. */
  known: string | null = null;
  method: Method = Method.get;
  closes = false;
  /** The last valid method. */
  #verb = "GET";
  #content = "";
  #contentBytes = 0;

  /** Text, or bytes when the body is bytes. Throws `TypeError` for parts of another type. */
  make(
    method: unknown,
    path: unknown,
    lines: FieldLines,
    body: unknown,
  ): string | Uint8Array {
    this.known = null;
    if (method !== this.#verb) this.#takeMethod(method);
    const isPlainPath = typeof path === "string" && plainPath.test(path);
    const target = isPlainPath ? path : readPath(path);
    const content = readContent(body);
    const length = this.#lengthOf(content);
    let text = `${this.#verb} ${target} HTTP/1.1\r\n${lines.text}`;
    if (length >= 0 && !lines.hasLength) text += `Content-Length: ${length}\r\n`;
    text += "\r\n";
    if (content !== null && typeof content !== "string") {
      return concat([encoder.encode(text), content]);
    }
    if (content !== null) text += content;
    if (lines.isKnown && isPlainPath && this.method !== Method.connect) this.known = text;
    this.closes = lines.closes;
    return text;
  }

  #takeMethod(method: unknown): void {
    this.#verb = readMethod(method);
    this.method = Math.max(Method.other, methodNames.indexOf(this.#verb)) as Method;
  }

  /** In bytes; -1 for no body. */
  #lengthOf(content: string | Uint8Array | null): number {
    if (content === null) return methodsWithBody.has(this.#verb) ? 0 : -1;
    if (typeof content !== "string") return content.length;
    if (content !== this.#content) {
      this.#content = content;
      this.#contentBytes = buffer.encode(content);
    }
    return this.#contentBytes;
  }
}

/** From the parts of a request with placeholders to the plan of its bytes. */
import type { LineFiles, LinePlace } from "./line_files.ts";
import type { Placeholder, TemplatePart } from "./placeholders.ts";
import { fieldsOf, startLine } from "./request_bytes.ts";
import type { Place, Span, ValuePlan, VaryingPlan } from "./values.ts";

/** Text with placeholders between. */
export type Parts = readonly TemplatePart[];

/** A request of which some parts vary. */
export interface VaryingParts {
  readonly method: string;
  readonly path: Parts;
  readonly authority: Parts;
  readonly headers: readonly { readonly name: string; readonly value: Parts }[];
  readonly userinfo: string | null;
  readonly body: Parts | null;
  /** Each character of the body is one byte (Latin-1), as in a file that is not UTF-8. */
  readonly isBodyBinary: boolean;
  readonly http10: boolean;
  readonly keepalive: boolean;
}

/** True when no part is a placeholder. */
export function isConstant(parts: Parts | null): boolean {
  return parts === null || parts.every((part) => typeof part === "string");
}

/** Throws `StartError` for a file of lines that cannot be read. */
export function buildVarying(parts: VaryingParts, files: LineFiles): VaryingPlan {
  const writer = new PieceWriter(files);
  writer.text(`${parts.method} `);
  const pathStart = writer.place;
  writer.parts(parts.path, "path");
  const path = { start: pathStart, end: writer.place };
  writer.text(` HTTP/1.${parts.http10 ? 0 : 1}\r\n`);
  const lines: (Span & { isHost: boolean })[] = [];
  let plainHead = startLine({ ...parts, path: "/" });
  const length = parts.body === null ? null : bodyLength(parts.body, parts.isBodyBinary);
  for (const { name, value } of fieldsOf<Parts | ValuePlan>({ ...parts, length })) {
    const start = writer.place;
    const isHost = name.toLowerCase() === "host";
    writer.text(`${name}: `);
    if (typeof value === "string") writer.text(value);
    else if ("kind" in value) writer.value(value);
    else writer.parts(value, "field");
    writer.text("\r\n");
    const isPlain = typeof value === "string" || (!("kind" in value) && isConstant(value));
    if (!isPlain) lines.push({ start, end: writer.place, isHost });
    // A head needs a host to be read; the one that varies replaces it.
    if (isPlain) plainHead += `${name}: ${typeof value === "string" ? value : value.join("")}\r\n`;
    else if (isHost) plainHead += "Host: h\r\n";
  }
  writer.text("\r\n");
  const body = writer.place;
  if (parts.body !== null) writer.parts(parts.body, "body", parts.isBodyBinary);
  return { ...writer.finish(), path, body, lines, plainHead: encoder.encode(`${plainHead}\r\n`) };
}

/** The body's length, or that it varies. */
function bodyLength(body: Parts, isBinary: boolean): string | ValuePlan {
  if (!isConstant(body)) return { kind: "length" };
  const text = body.join("");
  return `${isBinary ? text.length : encoder.encode(text).length}`;
}

const encoder = new TextEncoder();

/** Collects text up to the next value, and the values. */
class PieceWriter {
  readonly #files: LineFiles;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #values: ValuePlan[] = [];
  /** Of the current piece. */
  #bytes = new Uint8Array(0);

  constructor(files: LineFiles) {
    this.#files = files;
  }

  get place(): Place {
    return { piece: this.#pieces.length, at: this.#bytes.length };
  }

  text(text: string, isBinary = false): void {
    const added = isBinary
      ? Uint8Array.from(text, (letter) => letter.charCodeAt(0))
      : encoder.encode(text);
    const bytes = new Uint8Array(this.#bytes.length + added.length);
    bytes.set(this.#bytes);
    bytes.set(added, this.#bytes.length);
    this.#bytes = bytes;
  }

  value(value: ValuePlan): void {
    this.#pieces.push(this.#bytes);
    this.#values.push(value);
    this.#bytes = new Uint8Array(0);
  }

  parts(parts: Parts, place: LinePlace, isBinary = false): void {
    for (const part of parts) {
      if (typeof part === "string") this.text(part, isBinary);
      else this.value(this.#valueOf(part, place));
    }
  }

  finish(): Pick<VaryingPlan, "pieces" | "values"> {
    return { pieces: [...this.#pieces, this.#bytes], values: this.#values };
  }

  #valueOf(placeholder: Placeholder, place: LinePlace): ValuePlan {
    switch (placeholder.kind) {
      case "line": {
        const lines = this.#files.read(placeholder.path, place);
        return { kind: "line", key: `line ${placeholder.path}`, lines };
      }
      case "seq":
        return { ...placeholder, key: `seq ${placeholder.start}` };
      default:
        return placeholder;
    }
  }
}

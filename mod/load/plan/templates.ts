/** Renders the requests of a run with --template. */
import { StartError } from "../../base/errors.ts";
import { buildVarying, isConstant, type Parts } from "../request/build_varying.ts";
import { LineFiles } from "../request/line_files.ts";
import { readPlaceholders, TemplateFault } from "../request/placeholders.ts";
import { buildRequest } from "../request/request_bytes.ts";
import type { VaryingPlan } from "../request/values.ts";
import type { LoadPlan } from "./plan.ts";
import { placeOf } from "./proxy.ts";
import type { Target } from "./target.ts";

/** A request's bytes; of one that varies its head without what varies. */
export interface RenderedRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly varying: VaryingPlan | null;
}

export class Templates {
  readonly #plan: LoadPlan;
  readonly #files: LineFiles;
  readonly #body: { readonly parts: Parts; readonly isBinary: boolean } | null;

  /**
   * `body` of every request; `locate`: where a file lies that a placeholder names. Throws `StartError`
   * for a placeholder in a file that is wrong.
   */
  constructor(plan: LoadPlan, body: Uint8Array | null, locate: (path: string) => string) {
    this.#plan = plan;
    this.#files = new LineFiles(locate);
    this.#body = body === null ? null : readBodyParts(plan, body);
    if (isConstant(this.#body?.parts ?? null)) return;
    for (const { name } of plan.headers) {
      if (!/^(content-length|transfer-encoding)$/i.test(name)) continue;
      throw new StartError(`--header ${name}: hayate sets the length of a body that varies`, 2);
    }
  }

  /** Throws `StartError` for a file of lines that cannot be read. */
  render(method: string, target: Target): RenderedRequest {
    const plan = this.#plan, body = this.#body;
    const { path, headers } = placeOf(target, plan);
    const parts = {
      method,
      path: partsOf(path),
      authority: partsOf(plan.hostHeader ?? target.authority),
      headers: headers.map(({ name, value }) => ({ name, value: partsOf(value) })),
      userinfo: target.userinfo,
      body: body?.parts ?? null,
      isBodyBinary: body?.isBinary ?? false,
      http10: plan.http10,
      keepalive: plan.keepalive,
    };
    const all = [
      parts.path,
      parts.authority,
      parts.body,
      ...parts.headers.map((each) => each.value),
    ];
    if (!all.every(isConstant)) {
      const varying = buildVarying(parts, this.#files);
      return { bytes: varying.plainHead, varying };
    }
    // Braces that are written twice are one here, too.
    const text = (each: Parts) => each.join("");
    const bytes = buildRequest({
      ...parts,
      path: text(parts.path),
      authority: text(parts.authority),
      headers: parts.headers.map(({ name, value }) => ({ name, value: text(value) })),
      body: body === null ? null : encode(text(body.parts), body.isBinary),
    });
    return { bytes, varying: null };
  }
}

/** Of a text that was read without a fault before. */
function partsOf(text: string): Parts {
  const parts = readPlaceholders(text);
  if (parts instanceof TemplateFault) throw new TypeError(parts.what);
  return parts;
}

function readBodyParts(plan: LoadPlan, body: Uint8Array) {
  const { text, isBinary } = decode(body);
  const parts = readPlaceholders(text);
  if (!(parts instanceof TemplateFault)) return { parts, isBinary };
  const before = text.slice(0, parts.offset).split("\n");
  const column = before[before.length - 1].length + 1;
  const name = plan.body?.kind === "file" ? plan.body.path : "--body";
  throw new StartError(`${name}:${before.length}:${column}: ${parts.what}`, 2);
}

/** UTF-8, or else a character for each byte. */
function decode(bytes: Uint8Array): { text: string; isBinary: boolean } {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(bytes), isBinary: false };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const letters: string[] = [];
    for (const byte of bytes) letters.push(String.fromCharCode(byte));
    return { text: letters.join(""), isBinary: true };
  }
}

function encode(text: string, isBinary: boolean): Uint8Array {
  return isBinary
    ? Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    : new TextEncoder().encode(text);
}

/** The field lines of a script's requests: made once for fields that stay the same. */
import { FieldKind, Framing, RequestHead } from "../../http/mod.ts";
import { parseRequestHead } from "../../http1/mod.ts";
import { mergeFields, readFields } from "./request_shape.ts";
import { ownRequestLimits } from "./request_split.ts";
import { isPlain, Snapshot } from "./snapshot.ts";
import { TextBuffer } from "./text_buffer.ts";

/** Fields that are longer together are read as part of each request, which has its limits. */
const knownCharactersMax = 64 * 1024;
const controls = /[\x00-\x08\x0a-\x1f\x7f]/;
/** Names that are valid hosts, with a port or without: no number and no Punycode. */
const plainHost = /^(?!.*--)(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*(?::[0-9]{1,4})?$/i;
const noFields = {};
const head = new RequestHead();
const buffer = new TextBuffer();

export class FieldLines {
  /** All lines, each with its line end, and with a Host. */
  text = "";
  /** The script has given a Content-Length or Transfer-Encoding. */
  hasLength = false;
  /** The lines are valid and say nothing about a body: ours is what the request will have. */
  isKnown = false;
  /** `Connection: close` is among them. */
  closes = false;
  #authority = "";
  /** null: nothing is known of the last fields. */
  #shared: Snapshot | null = null;
  #own: Snapshot | null = null;
  /** The lines around those of the request's own fields. */
  #before = "";
  #after = "";
  readonly #lines: string[] = [];
  /** By field: another value changes only its line when this allows it. */
  readonly #mayBe: ((value: string) => boolean)[] = [];

  /**
   * Makes the lines of `own` fields and of those of `shared` that these do not replace. Both are as
   * `readFields` takes them; `authority`: of Host, unless they have one. Throws `TypeError`.
   */
  update(shared: unknown, own: unknown, authority: string): void {
    const last = this.#own;
    const fields = own ?? noFields;
    if (
      last !== null && typeof fields === "object" && this.#authority === authority &&
      this.#shared!.matches((shared ?? noFields) as object) &&
      (last.matches(fields) || this.#replaceValues(last, fields))
    ) return;
    this.#make(shared, fields, authority);
  }

  /** For fields of the same names; false when more than their lines would change. */
  #replaceValues({ names, values }: Snapshot, own: object): boolean {
    const record = own as Readonly<Record<string, unknown>>;
    if (!isPlain(own)) return false;
    let text = this.#before, index = 0;
    for (const name in record) {
      if (name !== names[index]) return false;
      const value = record[name];
      if (value !== values[index]) {
        if (typeof value !== "string" && typeof value !== "number") return false;
        if (!this.#mayBe[index](`${value}`)) return false;
        values[index] = value;
        this.#lines[index] = `${name}: ${value}\r\n`;
      }
      text += this.#lines[index++];
    }
    this.text = text + this.#after;
    return index === names.length && this.text.length <= knownCharactersMax;
  }

  #make(shared: unknown, own: unknown, authority: string): void {
    this.#own = this.#shared = null;
    const ownPairs = readFields(own);
    const pairs = mergeFields(readFields(shared), ownPairs);
    const has = (name: string) => pairs.some(([key]) => key.toLowerCase() === name);
    const before = pairs.length - ownPairs.length, after = pairs.length;
    if (!has("host")) pairs.push(["Host", authority]);
    const lines = pairs.map(([name, value]) => `${name}: ${value}\r\n`);
    this.text = lines.join("");
    this.hasLength = has("content-length") || has("transfer-encoding");
    const isRead = this.#judge();
    this.#remember(shared, own, authority);
    this.#before = lines.slice(0, before).join("");
    this.#after = lines.slice(after).join("");
    for (let index = before; index < after; index++) {
      this.#lines[index - before] = lines[index];
      this.#mayBe[index - before] = isRead ? checkOf(head.kinds[index]) : never;
    }
  }

  /** Reads the lines as a server does; returns whether they are valid. */
  #judge(): boolean {
    const length = buffer.encode(`GET / HTTP/1.1\r\n${this.text}\r\n`);
    const end = parseRequestHead(head, buffer.bytes, 0, length, ownRequestLimits, 0);
    const isRead = end === length;
    this.isKnown = isRead && !this.hasLength && head.framing === Framing.none &&
      this.text.length <= knownCharactersMax;
    this.closes = isRead && !head.keepAlive;
    return isRead;
  }

  /** Lists and `Headers` are not remembered: they are read for each request. */
  #remember(shared: unknown, own: unknown, authority: string): void {
    this.#shared = Snapshot.ofValues((shared ?? noFields) as object);
    this.#own = this.#shared === null ? null : Snapshot.ofValues(own as object);
    this.#authority = authority;
  }
}

/** Values that leave all else that is known of a field's kind as it is. */
function checkOf(kind: number): (value: string) => boolean {
  if (kind === FieldKind.other) return hasNoControls;
  return kind === FieldKind.host ? isPlainHost : never;
}

const hasNoControls = (value: string) => !controls.test(value);
const isPlainHost = (value: string) => plainHost.test(value);
const never = () => false;

import { CR, LF, SEMICOLON, SP } from "../../http/char_class.ts";
import type { MessageHead } from "../../http/message_head.ts";
import type { LineScratch } from "./line_scratch.ts";

/** Bytes of a line beside its crumbs, for each crumb: `; ` or the line's end. */
const extraBytes = 2;

/** The cookie crumbs of one section: HTTP/2 clients split the field, HTTP/1 wants one. */
export class CookieCrumbs {
  count = 0;
  /** Index of the field that the first crumb became. */
  field = 0;
  #totalBytes = 0;
  readonly #offsets: Int32Array;

  constructor(fieldsMax: number) {
    this.#offsets = new Int32Array(2 * fieldsMax);
  }

  /** `field`: index of the field in the head, when this is the first crumb. */
  add(field: number, valueStart: number, valueEnd: number): void {
    if (this.count === 0) {
      this.field = field;
      this.#totalBytes = 0;
    }
    const slot = 2 * this.count++;
    this.#offsets[slot] = valueStart;
    this.#offsets[slot + 1] = valueEnd;
    this.#totalBytes += valueEnd - valueStart + extraBytes;
  }

  /** Makes one field line of several crumbs, at the place of the first. */
  join(head: MessageHead, scratch: LineScratch): void {
    const { fields } = head;
    const slot = 4 * this.field;
    const nameStart = fields[slot];
    const valueAt = fields[slot + 2] - nameStart;
    scratch.reserve(valueAt + this.#totalBytes);
    const lineAt = scratch.length;
    scratch.append(nameStart, fields[slot + 2]);
    for (let i = 0; i < this.count; i++) {
      if (i > 0) {
        scratch.appendByte(SEMICOLON);
        scratch.appendByte(SP);
      }
      scratch.append(this.#offsets[2 * i], this.#offsets[2 * i + 1]);
    }
    head.numbers[this.field] = 0;
    fields[slot] = lineAt;
    fields[slot + 1] = lineAt + fields[slot + 1] - nameStart;
    fields[slot + 2] = lineAt + valueAt;
    fields[slot + 3] = scratch.length;
    scratch.appendByte(CR);
    scratch.appendByte(LF);
  }
}

/**
 * Copies the field lines of a head except some. Neighbouring lines are copied as one run, so that a
 * typical head costs two or three copies.
 */
import { Fact, type HeadWriter, type MessageHead } from "../../../http1/mod.ts";

const LF = 0x0a;

/** Collects lines into runs; one object serves all exchanges of a thread. */
export class FieldRuns {
  #runStart = -1;
  #runEnd = 0;

  /** The line of field `index` is copied. */
  keep(writer: HeadWriter, head: MessageHead, index: number): void {
    // Lines go on with the line end that they have; one of LF alone is not for others.
    if ((head.facts & Fact.loneLineFeed) !== 0) return writer.copyField(head, index);
    const start = head.fields[4 * index];
    if (this.#runStart < 0) this.#runStart = start;
    else if (start !== this.#runEnd) {
      writer.copy(head.bytes, this.#runStart, this.#runEnd);
      this.#runStart = start;
    }
    // The value's end does not count blanks behind it; the line ends at its LF.
    let at = head.fields[4 * index + 3] + 1;
    while (head.bytes[at] !== LF) at++;
    this.#runEnd = at + 1;
  }

  /** Copies what is left. */
  flush(writer: HeadWriter, head: MessageHead): void {
    if (this.#runStart >= 0) writer.copy(head.bytes, this.#runStart, this.#runEnd);
    this.#runStart = -1;
  }
}

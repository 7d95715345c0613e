/**
 * Copies selected field lines of a head. Adjacent lines are copied as one run, so that a typical
 * head costs two or three copies.
 */
import { Fact, type HeadWriter, type MessageHead } from "../../../http/mod.ts";

const LF = 0x0a;

/** Collects lines into runs; one object serves all exchanges of a thread. */
export class FieldRuns {
  #runStart = -1;
  #runEnd = 0;

  /** Marks the line of field `index` to be copied. */
  keep(writer: HeadWriter, head: MessageHead, index: number): void {
    if (head.hasNeverIndexed && head.isNeverIndexed(index)) return this.#copy(writer, head, index);
    // Runs keep the line ends they have; a bare LF must not be forwarded.
    if ((head.facts & Fact.loneLineFeed) !== 0) return writer.copyField(head, index);
    const start = head.fields[4 * index];
    if (this.#runStart < 0) this.#runStart = start;
    else if (start !== this.#runEnd) {
      writer.copyOf(head, this.#runStart, this.#runEnd);
      this.#runStart = start;
    }
    this.#runEnd = lineEndOf(head, index);
    if (writer.known.isWanted && head.major === 2) this.#note(writer, head, index);
  }

  /** Notes the last line of the run, which is copied later. */
  #note({ known, length }: HeadWriter, { fields, numbers }: MessageHead, index: number): void {
    const shift = length - this.#runStart;
    const start = fields[4 * index];
    const nameEnd = fields[4 * index + 1];
    known.add(start + shift, nameEnd + shift, this.#runEnd + shift, numbers[index]);
  }

  /** Copies a line that is never indexed, which is marked. */
  #copy(writer: HeadWriter, head: MessageHead, index: number): void {
    this.flush(writer, head);
    writer.neverIndexed.add(writer.length);
    writer.copyField(head, index);
  }

  /** Copies the last run. */
  flush(writer: HeadWriter, head: MessageHead): void {
    if (this.#runStart >= 0) writer.copyOf(head, this.#runStart, this.#runEnd);
    this.#runStart = -1;
  }
}

/** The offset after the line of field `index`. */
function lineEndOf(head: MessageHead, index: number): number {
  const { fieldsEnd, fields } = head;
  if (head.major === 2) return fields[4 * index + 3] + 2;
  if (fieldsEnd >= 0) return index + 1 < head.fieldCount ? fields[4 * index + 4] : fieldsEnd;
  // The value's end excludes trailing blanks; the line ends at its LF.
  let at = fields[4 * index + 3] + 1;
  while (head.bytes[at] !== LF) at++;
  return at + 1;
}

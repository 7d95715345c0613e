import { MessageHead } from "../../http/message_head.ts";
import { isForbiddenTrailer, type TrailerField } from "../../http/trailers.ts";
import { EntryKind } from "./entry_kind.ts";
import { FieldSection, type SectionLimits } from "./field_section.ts";
import type { LineScratch } from "./line_scratch.ts";
import { Fault } from "./faults.ts";

const noTrailers: readonly TrailerField[] = [];

/** The fields after a body. Trailers are small and rare, so they become text as in HTTP/1. */
export class TrailerSection extends FieldSection {
  /** The fields of the last section, without those that RFC 9110 6.5.1 forbids. */
  trailers: readonly TrailerField[] = noTrailers;

  constructor(limits: SectionLimits, scratch: LineScratch) {
    super(new MessageHead(true, limits.fieldsMax), limits, scratch);
  }

  protected addKnown(
    kind: number,
    nameStart: number,
    nameEnd: number,
    start: number,
    end: number,
    neverIndexed: boolean,
  ): void {
    if (kind > EntryKind.cookie) return this.refuse(Fault.pseudoMisplaced);
    if (kind === EntryKind.contentLength) return this.refuse(Fault.trailer);
    this.append(kind, nameStart, nameEnd, start, end, neverIndexed);
  }

  /** Completes the trailers. False when there is a `fault`. */
  conclude(): boolean {
    this.trailers = noTrailers;
    if (this.fault !== 0) return false;
    const { head } = this;
    head.bytes = this.scratch.bytes;
    const trailers: TrailerField[] = [];
    for (let i = 0; i < head.fieldCount; i++) {
      const name = head.name(i);
      if (!isForbiddenTrailer(name)) trailers.push({ name, value: head.value(i) });
    }
    this.trailers = trailers;
    return true;
  }
}

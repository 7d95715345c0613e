import { noteContentLength } from "../../http/field_facts.ts";
import { Framing } from "../../http/message_head.ts";
import { Method } from "../../http/method.ts";
import { ResponseHead } from "../../http/response_head.ts";
import { EntryKind } from "./entry_kind.ts";
import { FieldSection, type SectionLimits } from "./field_section.ts";
import type { LineScratch } from "./line_scratch.ts";
import { Fault } from "./faults.ts";

/** The fields of a response (RFC 9113 8.3.2) as a head like those of HTTP/1. */
export class ResponseSection extends FieldSection {
  declare readonly head: ResponseHead;

  constructor(limits: SectionLimits, scratch: LineScratch) {
    super(new ResponseHead(limits.fieldsMax), limits, scratch);
  }

  override begin(): void {
    super.begin();
    this.head.status = 0;
  }

  protected addKnown(
    kind: number,
    nameStart: number,
    nameEnd: number,
    start: number,
    end: number,
    neverIndexed: boolean,
  ): void {
    const { head } = this;
    if (kind === EntryKind.status) {
      if (this.hasRegular) return this.refuse(Fault.pseudoLate);
      if (head.status !== 0) return this.refuse(Fault.pseudoRepeated);
      head.status = statusAt(this.scratch.bytes, start);
      return;
    }
    if (kind > EntryKind.cookie) return this.refuse(Fault.pseudoMisplaced);
    this.hasRegular = true;
    if (kind === EntryKind.contentLength) {
      const fault = noteContentLength(head, this.scratch.bytes, start, end);
      if (fault !== 0) return this.refuse(fault);
    }
    const known = kind === EntryKind.cookie ? EntryKind.other : kind;
    this.append(known, nameStart, nameEnd, start, end, neverIndexed);
  }

  /** Completes the head; as in `RequestSection`. `requestMethod` decides the framing. */
  conclude(ends: boolean, requestMethod: Method): boolean {
    if (this.fault !== 0) return false;
    const { head } = this;
    head.bytes = this.scratch.bytes;
    if (head.status === 0) this.refuse(Fault.pseudoMissing);
    // HTTP/2 has no 101 (RFC 9113 8.6), and an interim response never ends its stream (8.1).
    else if (head.status === 101 || (ends && head.status < 200)) this.refuse(Fault.status);
    if (this.fault !== 0) return false;
    head.reasonStart = head.reasonEnd = 0;
    head.framing = responseFraming(head, ends, requestMethod);
    if (ends && head.contentLength > 0 && !mayLackContent(head.status, requestMethod)) {
      this.refuse(Fault.contentLength);
      return false;
    }
    return true;
  }

  /** Bytes of DATA that content-length announces for the response; -1 when it does not say. */
  contentBytes(requestMethod: Method): number {
    const { head } = this;
    if (head.status === 204 || mayLackContent(head.status, requestMethod)) return 0;
    return head.contentLength;
  }
}

/** The three digits at `at`, which were checked. */
function statusAt(bytes: Uint8Array, at: number): number {
  return 100 * bytes[at] + 10 * bytes[at + 1] + bytes[at + 2] - 111 * 0x30;
}

function mayLackContent(status: number, requestMethod: Method): boolean {
  return requestMethod === Method.head || status === 304;
}

function responseFraming(head: ResponseHead, ends: boolean, requestMethod: Method): Framing {
  const { status, contentLength } = head;
  if (ends || status < 200 || status === 204) return Framing.none;
  if (mayLackContent(status, requestMethod)) return Framing.none;
  // Trailers may follow a length of zero, and pass to clients of both versions behind chunks.
  return contentLength > 0 ? Framing.length : Framing.chunked;
}

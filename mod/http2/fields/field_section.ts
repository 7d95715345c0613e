import { clearFields } from "../../http/field_facts.ts";
import type { MessageHead } from "../../http/message_head.ts";
import { EntryKind, faultyKind } from "./entry_kind.ts";
import type { LineScratch } from "./line_scratch.ts";
import { Fault } from "./faults.ts";

/** What each field costs beside its bytes (RFC 9113 6.5.2). */
const fieldOverhead = 32;
/** A section that is this many times over a limit ends its connection. */
const hardFactor = 4;

/** Limits of a field section, counted on decoded fields. */
export interface SectionLimits {
  /** Names and values with 32 bytes for each field, as SETTINGS_MAX_HEADER_LIST_SIZE counts. */
  readonly headBytesMax: number;
  /** Fields, pseudo fields and cookie crumbs included. */
  readonly fieldsMax: number;
  /** Bytes of `:path`. */
  readonly pathBytesMax: number;
}

/**
 * Collects the fields of one section as a decoder finds them. Fields are offsets into the decoder's
 * buffer. One object serves every connection of a thread.
 */
export abstract class FieldSection {
  /** The first fault of the section, 0 for none. */
  fault = 0;
  /**
   * Set before `add`: the number that fields with this name and value have for as long as the process
   * runs (`MessageHead.numbers`), because it is an entry of a table; 0 or `unrepeated`: it has none.
   */
  number = 0;
  readonly head: MessageHead;
  protected readonly limits: SectionLimits;
  /** The buffer that fields are offsets into, and room for lines of our own. */
  protected readonly scratch: LineScratch;
  protected hasRegular = false;
  #listBytes = 0;
  #total = 0;

  constructor(head: MessageHead, limits: SectionLimits, scratch: LineScratch) {
    this.head = head;
    this.scratch = scratch;
    this.limits = limits;
    head.major = 2;
    head.numbers = new Float64Array(head.kinds.length);
  }

  /** Begins a section. */
  begin(): void {
    const { head } = this;
    this.fault = 0;
    this.hasRegular = false;
    this.#listBytes = this.#total = 0;
    clearFields(head, this.scratch.bytes, this.limits.fieldsMax);
    head.keepAlive = true;
    head.minor = 1;
  }

  /** The fields are of no use any more: the section is only decoded to keep the table in step. */
  get isRefused(): boolean {
    return this.fault !== 0;
  }

  /** The section is far over a limit, so that decoding it to its end is work for nothing. */
  get isBeyondReason(): boolean {
    return this.#listBytes > hardFactor * this.limits.headBytesMax ||
      this.#total > hardFactor * this.limits.fieldsMax;
  }

  /**
   * Adds a field. `kind`: its `EntryKind`, or `faultyKind` minus a fault. `neverIndexed`: it must stay
   * a literal that is never indexed when it is sent on (RFC 7541 6.2.3).
   */
  add(
    kind: number,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    neverIndexed: boolean,
  ): void {
    const { limits } = this;
    this.#listBytes += nameEnd - nameStart + valueEnd - valueStart + fieldOverhead;
    this.#total++;
    if (this.#listBytes > limits.headBytesMax) return this.refuse(Fault.headTooLong);
    if (this.#total > limits.fieldsMax) return this.refuse(Fault.tooManyFields);
    if (kind === EntryKind.other) {
      this.hasRegular = true;
      this.append(kind, nameStart, nameEnd, valueStart, valueEnd, neverIndexed);
    } else if (kind >= faultyKind) {
      this.refuse(faultyKind - kind);
    } else {
      this.addKnown(kind, nameStart, nameEnd, valueStart, valueEnd, neverIndexed);
    }
  }

  /** Records the first fault. */
  refuse(fault: number): void {
    if (this.fault === 0) this.fault = fault;
  }

  /** A pseudo field or one with a meaning for the codec. */
  protected abstract addKnown(
    kind: number,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    neverIndexed: boolean,
  ): void;

  protected append(
    kind: number,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    neverIndexed: boolean,
  ): void {
    const { head } = this;
    const index = head.fieldCount++;
    const { fields } = head;
    const slot = 4 * index;
    fields[slot] = nameStart;
    fields[slot + 1] = nameEnd;
    fields[slot + 2] = valueStart;
    fields[slot + 3] = valueEnd;
    head.kinds[index] = kind;
    head.numbers[index] = this.number;
    if (neverIndexed) head.markNeverIndexed(index);
  }
}

import { SP } from "../../http/char_class.ts";
import { noteContentLength, noteExpect } from "../../http/field_facts.ts";
import { isHostAndPort } from "../../http/host.ts";
import { Fact, FieldKind, Framing } from "../../http/message_head.ts";
import { Method, methodOf } from "../../http/method.ts";
import { RequestHead, TargetForm } from "../../http/request_head.ts";
import { CookieCrumbs } from "./cookie_crumbs.ts";
import { EntryKind, isText } from "./entry_kind.ts";
import { FieldSection, type SectionLimits } from "./field_section.ts";
import type { LineScratch } from "./line_scratch.ts";
import { Fault } from "./faults.ts";

/** Pseudo fields seen. */
const Seen = { method: 1, path: 2, scheme: 4, authority: 8, protocol: 16 } as const;
/** Fields that a request for a WebSocket has in HTTP/1, which is how handlers know it. */
const upgradeFields: readonly (readonly [kind: FieldKind, name: string, value: string])[] = [
  [FieldKind.connection, "connection", "Upgrade"],
  [FieldKind.upgrade, "upgrade", "websocket"],
];
const keyName = "sec-websocket-key";
/** 16 bytes in base64 (RFC 6455 4.1). */
const fixedKey = () => "AAAAAAAAAAAAAAAAAAAAAA==";
/** Lines of this many fields are made for a request of a client. */
const madeFields = 3;
const plainRequest = Seen.method | Seen.path | Seen.scheme;

/** The fields of a request (RFC 9113 8.3.1, RFC 8441 4) as a head like those of HTTP/1. */
export class RequestSection extends FieldSection {
  declare readonly head: RequestHead;
  /** `:scheme` is https. */
  isHttps = false;
  /** Value of `:protocol` (RFC 8441), as offsets; both -1 without one. */
  protocolStart = -1;
  protocolEnd = -1;
  readonly #crumbs: CookieCrumbs;
  readonly #makeKey: () => string;
  #seen = 0;
  #methodStart = 0;
  #methodEnd = 0;
  #pathStart = 0;
  #pathEnd = 0;
  #authorityStart = 0;
  #authorityEnd = 0;
  #authorityNumber = 0;
  #hostStart = -1;
  #hostEnd = -1;

  /** `makeKey` makes the sec-websocket-key of requests for a WebSocket. */
  constructor(limits: SectionLimits, scratch: LineScratch, makeKey: () => string = fixedKey) {
    super(new RequestHead(limits.fieldsMax + madeFields), limits, scratch);
    this.#makeKey = makeKey;
    this.#crumbs = new CookieCrumbs(limits.fieldsMax);
  }

  override begin(): void {
    super.begin();
    this.isHttps = false;
    this.protocolStart = this.protocolEnd = -1;
    this.#crumbs.count = 0;
    this.#seen = 0;
    this.#hostStart = this.#hostEnd = -1;
  }

  protected addKnown(
    kind: number,
    nameStart: number,
    nameEnd: number,
    start: number,
    end: number,
    neverIndexed: boolean,
  ): void {
    switch (kind) {
      case EntryKind.method:
        if (!this.#see(Seen.method)) return;
        this.#methodStart = start;
        this.#methodEnd = end;
        return;
      case EntryKind.path:
        if (!this.#see(Seen.path)) return;
        if (end - start > this.limits.pathBytesMax) return this.refuse(Fault.pathTooLong);
        this.#pathStart = start;
        this.#pathEnd = end;
        return;
      case EntryKind.scheme:
        if (this.#see(Seen.scheme)) this.isHttps = end - start === 5;
        return;
      case EntryKind.authority:
        if (!this.#see(Seen.authority)) return;
        this.#authorityStart = start;
        this.#authorityEnd = end;
        this.#authorityNumber = this.number;
        return;
      case EntryKind.protocol:
        if (!this.#see(Seen.protocol)) return;
        this.protocolStart = start;
        this.protocolEnd = end;
        return;
      case EntryKind.status:
        return this.refuse(Fault.pseudoMisplaced);
    }
    this.hasRegular = true;
    if (kind === EntryKind.cookie) {
      const { head } = this;
      this.#crumbs.add(head.fieldCount, start, end);
      if (this.#crumbs.count === 1) {
        this.append(EntryKind.other, nameStart, nameEnd, start, end, neverIndexed);
      } else if (neverIndexed) {
        head.markNeverIndexed(this.#crumbs.field);
      }
      return;
    }
    this.#note(kind, start, end);
    this.append(kind, nameStart, nameEnd, start, end, neverIndexed);
  }

  /** Records a pseudo field; false when it must not be here. */
  #see(bit: number): boolean {
    if (this.hasRegular) this.refuse(Fault.pseudoLate);
    else if ((this.#seen & bit) !== 0) this.refuse(Fault.pseudoRepeated);
    this.#seen |= bit;
    return this.fault === 0;
  }

  /** A regular field that the codec knows. */
  #note(kind: number, start: number, end: number): void {
    const { head, scratch } = this;
    switch (kind) {
      case EntryKind.host:
        if (this.#hostStart >= 0) return this.refuse(Fault.hostRepeated);
        this.#hostStart = start;
        this.#hostEnd = end;
        head.facts |= Fact.host;
        return;
      case EntryKind.contentLength: {
        const fault = noteContentLength(head, scratch.bytes, start, end);
        if (fault !== 0) this.refuse(fault);
        return;
      }
      case EntryKind.expect:
        noteExpect(head, scratch.bytes, start, end);
    }
  }

  /**
   * Completes the head after the last field; `ends`: END_STREAM was set. False when there is a
   * `fault`. The head is valid until the next section is decoded.
   */
  conclude(ends: boolean): boolean {
    if (this.fault !== 0) return false;
    const { head, scratch } = this;
    head.bytes = scratch.bytes;
    if (!this.#checkPseudo() || !this.#settleHost()) return false;
    if (this.#crumbs.count > 1) this.#crumbs.join(head, scratch);
    head.upgrade = this.protocolStart >= 0 && this.protocolEnd - this.protocolStart === 9 &&
      isText(scratch.bytes, this.protocolStart, "websocket");
    if (head.upgrade) this.#writeUpgrade();
    else this.#writeRequestLine();
    head.bytes = scratch.bytes;
    if (ends && head.contentLength > 0) {
      this.refuse(Fault.contentLength);
      return false;
    }
    // Trailers may follow a length of zero, too.
    head.framing = ends || head.upgrade
      ? Framing.none
      : head.contentLength >= 0
      ? Framing.length
      : Framing.chunked;
    head.expectContinue = head.framing !== Framing.none && (head.facts & Fact.expectContinue) !== 0;
    return true;
  }

  /** Which pseudo fields there must be, and what they may be together. */
  #checkPseudo(): boolean {
    const seen = this.#seen;
    const { head } = this;
    if ((seen & Seen.method) === 0) return this.#refuse(Fault.pseudoMissing);
    head.method = methodOf(head.bytes, this.#methodStart, this.#methodEnd);
    const isConnect = head.method === Method.connect;
    if ((seen & Seen.protocol) !== 0) {
      if (!isConnect) return this.#refuse(Fault.protocol);
      // RFC 8441 4: with :protocol, CONNECT has a scheme and a path like any other request.
      if ((seen & Seen.authority) === 0) return this.#refuse(Fault.pseudoMissing);
    } else if (isConnect) {
      return this.#checkConnect();
    }
    if ((seen & plainRequest) !== plainRequest) return this.#refuse(Fault.pseudoMissing);
    const first = head.bytes[this.#pathStart];
    const isAsterisk = first === 0x2a && this.#pathEnd - this.#pathStart === 1 &&
      head.method === Method.options;
    if (first !== 0x2f && !isAsterisk) return this.#refuse(Fault.target);
    head.targetForm = isAsterisk ? TargetForm.asterisk : TargetForm.origin;
    return true;
  }

  /** Plain CONNECT has :authority with a port and no :scheme or :path (RFC 9113 8.5). */
  #checkConnect(): boolean {
    const { head } = this;
    if ((this.#seen & (Seen.path | Seen.scheme)) !== 0) {
      return this.#refuse(Fault.pseudoMisplaced);
    }
    if ((this.#seen & Seen.authority) === 0) return this.#refuse(Fault.pseudoMissing);
    if (!isHostAndPort(head.bytes, this.#authorityStart, this.#authorityEnd)) {
      return this.#refuse(Fault.authority);
    }
    head.targetForm = TargetForm.authority;
    this.#pathStart = this.#authorityStart;
    this.#pathEnd = this.#authorityEnd;
    return true;
  }

  /** The effective host: `:authority`, which must be what a host field says, or the host field. */
  #settleHost(): boolean {
    const { head } = this;
    if ((this.#seen & Seen.authority) === 0) {
      if (this.#hostStart < 0) return this.#refuse(Fault.hostMissing);
      head.hostStart = this.#hostStart;
      head.hostEnd = this.#hostEnd;
      return true;
    }
    head.hostStart = this.#authorityStart;
    head.hostEnd = this.#authorityEnd;
    head.hostNumber = this.#authorityNumber;
    if (this.#hostStart < 0) return true;
    const length = head.hostEnd - head.hostStart;
    if (this.#hostEnd - this.#hostStart !== length) {
      return this.#refuse(Fault.authorityUnlikeHost);
    }
    for (let i = 0; i < length; i++) {
      if (head.bytes[head.hostStart + i] === head.bytes[this.#hostStart + i]) continue;
      return this.#refuse(Fault.authorityUnlikeHost);
    }
    return true;
  }

  /** `method SP target`, in one run as in HTTP/1: request lines are logged and forwarded whole. */
  #writeRequestLine(): void {
    const { scratch } = this;
    const methodBytes = this.#methodEnd - this.#methodStart;
    scratch.reserve(methodBytes + 2 + this.#pathEnd - this.#pathStart);
    this.head.methodStart = scratch.length;
    scratch.append(this.#methodStart, this.#methodEnd);
    this.#writeTarget();
  }

  /**
   * An extended CONNECT for a WebSocket (RFC 8441 5) as the GET with Upgrade that it is in HTTP/1, so
   * that handlers and HTTP/1 upstreams need not know the difference.
   */
  #writeUpgrade(): void {
    const { head, scratch } = this;
    this.number = 0;
    for (const [kind, name, value] of upgradeFields) this.#writeField(kind, name, value);
    // RFC 8441 5 does not use the key: one that a client sends all the same is replaced.
    this.#writeField(FieldKind.other, keyName, this.#makeKey(), head.find(keyName));
    head.method = Method.get;
    scratch.reserve(5 + this.#pathEnd - this.#pathStart);
    head.methodStart = scratch.length;
    this.#writeText("GET");
    this.#writeTarget();
  }

  /** `index`: the field that it replaces; -1: none. */
  #writeField(kind: FieldKind, name: string, value: string, index = -1): void {
    const { head, scratch } = this;
    scratch.reserve(name.length + value.length + 4);
    const nameStart = scratch.length;
    this.#writeText(`${name}: ${value}\r\n`);
    const valueStart = nameStart + name.length + 2;
    const valueEnd = valueStart + value.length;
    if (index >= 0) {
      head.fields.set([nameStart, valueStart - 2, valueStart, valueEnd], 4 * index);
      head.numbers[index] = 0;
    } else this.append(kind, nameStart, valueStart - 2, valueStart, valueEnd, false);
  }

  #writeText(text: string): void {
    for (let i = 0; i < text.length; i++) this.scratch.appendByte(text.charCodeAt(i));
  }

  /** The rest of the request line, for which there is room. */
  #writeTarget(): void {
    const { head, scratch } = this;
    head.methodEnd = scratch.length;
    scratch.appendByte(SP);
    head.targetStart = head.pathStart = scratch.length;
    scratch.append(this.#pathStart, this.#pathEnd);
    head.targetEnd = head.pathEnd = scratch.length;
    scratch.appendByte(SP);
    if (head.targetForm !== TargetForm.origin) head.pathEnd = head.pathStart;
  }

  #refuse(fault: number): false {
    this.refuse(fault);
    return false;
  }
}

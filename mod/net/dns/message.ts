/**
 * DNS messages (RFC 1035 4, RFC 3596, RFC 2782, RFC 6891): encodes queries, decodes responses.
 *
 * Our own code, because we need little, and the libraries use Node's Buffer and throw on malformed
 * input from the network. Here any malformed message becomes null.
 */
import { formatIp } from "../../base/ip.ts";

export const RecordType = { a: 1, cname: 5, soa: 6, aaaa: 28, srv: 33, opt: 41 } as const;
export type RecordType = typeof RecordType[keyof typeof RecordType];

/** Response codes (RFC 1035 4.1.1) that we distinguish. */
export const ResponseCode = { noError: 0, formatError: 1, serverFailure: 2, noName: 3 } as const;

interface RecordHead {
  /** Lower case, without a trailing dot. */
  readonly name: string;
  readonly ttlSeconds: number;
}

export interface AddressRecord extends RecordHead {
  readonly type: typeof RecordType.a | typeof RecordType.aaaa;
  readonly address: string;
}

export interface AliasRecord extends RecordHead {
  readonly type: typeof RecordType.cname;
  readonly target: string;
}

export interface ServiceRecord extends RecordHead {
  readonly type: typeof RecordType.srv;
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** "": the service is not available at this domain. */
  readonly target: string;
}

export interface AuthorityRecord extends RecordHead {
  readonly type: typeof RecordType.soa;
  /** How long the absence of a name may be cached (RFC 2308). */
  readonly minimumSeconds: number;
}

export type DnsRecord = AddressRecord | AliasRecord | ServiceRecord | AuthorityRecord;

/** A response, without records of unsupported types. */
export interface DnsResponse {
  readonly id: number;
  readonly isTruncated: boolean;
  readonly code: number;
  readonly question: { readonly name: string; readonly type: number };
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

const headBytes = 12;
const classInternet = 1;
const nameBytesMax = 255;
const labelBytesMax = 63;
/** Datagram size that avoids fragmentation on any path (DNS flag day 2020). */
export const datagramBytesMax = 1232;
/** RFC 2181 8: a TTL with its highest bit set counts as 0. */
const ttlMax = 2 ** 31 - 1;

/**
 * Encodes a recursive query. `hasExtension` adds an OPT record with the size of datagram that we
 * accept. null if `name` is not a valid name.
 */
export function encodeQuery(
  id: number,
  name: string,
  type: number,
  hasExtension: boolean,
): Uint8Array<ArrayBuffer> | null {
  const labels = encodeName(name);
  if (labels === null) return null;
  const bytes = new Uint8Array(headBytes + labels.length + 4 + (hasExtension ? 11 : 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, 0x0100);
  view.setUint16(4, 1);
  bytes.set(labels, headBytes);
  const at = headBytes + labels.length;
  view.setUint16(at, type);
  view.setUint16(at + 2, classInternet);
  if (hasExtension) {
    view.setUint16(10, 1);
    // The root's name (one zero byte), the type, and the size in the class field.
    view.setUint16(at + 5, RecordType.opt);
    view.setUint16(at + 7, datagramBytesMax);
  }
  return bytes;
}

function encodeName(name: string): Uint8Array | null {
  const labels = name.replace(/\.$/, "").split(".");
  const bytes: number[] = [];
  for (const label of labels) {
    if (label.length === 0 || label.length > labelBytesMax) return null;
    bytes.push(label.length);
    for (const letter of label) {
      const code = letter.codePointAt(0)!;
      if (code <= 0x20 || code > 0x7e) return null;
      bytes.push(code);
    }
  }
  bytes.push(0);
  return bytes.length <= nameBytesMax ? Uint8Array.from(bytes) : null;
}

/** Decodes a response; null if `bytes` is malformed or not a response. */
export function decodeResponse(bytes: Uint8Array): DnsResponse | null {
  const reader = new MessageReader(bytes);
  const id = reader.uint16();
  const flags = reader.uint16();
  const counts = [reader.uint16(), reader.uint16(), reader.uint16(), reader.uint16()];
  const isResponse = (flags & 0x8000) !== 0;
  if (!isResponse || counts[0] !== 1) return null;
  const question = { name: reader.name(), type: reader.uint16() };
  const isInternet = reader.uint16() === classInternet;
  const isTruncated = (flags & 0x0200) !== 0;
  const sections = [counts[1], counts[2], counts[3]].map((count) => reader.records(count));
  // A truncated response is queried again over TCP, so only its header matters.
  if ((reader.isBroken && !isTruncated) || !isInternet) return null;
  const [answers, authorities, additionals] = sections;
  return { id, isTruncated, code: flags & 15, question, answers, authorities, additionals };
}

/** Sequential reader. After reading past the end, all values are 0 or "" and `isBroken` is true. */
class MessageReader {
  isBroken = false;
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  uint16(): number {
    if (!this.#has(2)) return 0;
    const value = this.#bytes[this.#at] << 8 | this.#bytes[this.#at + 1];
    this.#at += 2;
    return value;
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16();
  }

  /** The name at the current position, with compression pointers followed (RFC 1035 4.1.4). */
  name(): string {
    const labels: string[] = [];
    let at = this.#at;
    let start = at;
    let hasJumped = false;
    let length = 1;
    for (;;) {
      const size = this.#bytes[at] ?? -1;
      if (size === 0) break;
      if (size >= 0xc0 && at + 1 < this.#bytes.length) {
        const target = (size & 0x3f) << 8 | this.#bytes[at + 1];
        // Pointers may only go backwards, so that they cannot form a loop.
        if (target >= start) return this.#break();
        if (!hasJumped) this.#at = at + 2;
        hasJumped = true;
        at = start = target;
        continue;
      }
      length += size + 1;
      const end = at + 1 + size;
      if (size < 0 || size > labelBytesMax || end > this.#bytes.length || length > nameBytesMax) {
        return this.#break();
      }
      labels.push(labelText(this.#bytes.subarray(at + 1, end)));
      at = end;
    }
    if (!hasJumped) this.#at = at + 1;
    return labels.join(".");
  }

  /** Reads `count` records and skips those of other types and classes. */
  records(count: number): DnsRecord[] {
    const records: DnsRecord[] = [];
    for (let i = 0; i < count && !this.isBroken; i++) {
      const record = this.#record();
      if (record !== null && !this.isBroken) records.push(record);
    }
    return records;
  }

  #record(): DnsRecord | null {
    const name = this.name();
    const type = this.uint16();
    const recordClass = this.uint16();
    const ttl = this.uint32();
    const length = this.uint16();
    if (!this.#has(length)) return null;
    const end = this.#at + length;
    const head = { name, ttlSeconds: ttl > ttlMax ? 0 : ttl };
    const record = recordClass === classInternet ? this.#data(head, type, length) : null;
    // The data must have exactly the declared length.
    if (record !== null && this.#at !== end) this.#break();
    this.#at = end;
    return record;
  }

  #data(head: RecordHead, type: number, length: number): DnsRecord | null {
    switch (type) {
      case RecordType.a:
      case RecordType.aaaa: {
        const size = type === RecordType.a ? 4 : 16;
        if (length !== size) return this.#break(), null;
        this.#at += size;
        const address = formatIp(this.#bytes.slice(this.#at - size, this.#at));
        return { ...head, type, address };
      }
      case RecordType.cname:
        return { ...head, type, target: this.name() };
      case RecordType.srv: {
        const [priority, weight, port] = [this.uint16(), this.uint16(), this.uint16()];
        return { ...head, type, priority, weight, port, target: this.name() };
      }
      case RecordType.soa: {
        this.name();
        this.name();
        for (let i = 0; i < 4; i++) this.uint32();
        return { ...head, type, minimumSeconds: Math.min(this.uint32(), ttlMax) };
      }
    }
    return null;
  }

  #has(size: number): boolean {
    if (this.#at + size > this.#bytes.length) this.#break();
    return !this.isBroken;
  }

  #break(): string {
    this.isBroken = true;
    this.#at = this.#bytes.length;
    return "";
  }
}

/** Lower case; non-printable bytes and dots within a label become `\DDD` (RFC 1035 5.1). */
function labelText(label: Uint8Array): string {
  let text = "";
  for (const byte of label) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c;
    text += isPlain
      ? String.fromCharCode(byte).toLowerCase()
      : `\\${String(byte).padStart(3, "0")}`;
  }
  return text;
}

/**
 * The packets of esbuild's service (`esbuild --service`), as its own client for Node writes them:
 * a length, an identifier, and a value. All numbers are 32-bit, little-endian.
 */

/** What a packet may hold. Numbers are unsigned 32-bit integers. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

/** One packet. A response has the identifier of its request. */
export interface Packet {
  readonly id: number;
  readonly isRequest: boolean;
  readonly value: Value;
}

/** The byte before each value. */
const tags = { null: 0, boolean: 1, number: 2, text: 3, bytes: 4, list: 5, record: 6 } as const;

const lengthBytes = 4;

/** The bytes of a packet, its length first. */
export function encodePacket({ id, isRequest, value }: Packet): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.uint32(0);
  writer.uint32(id << 1 | (isRequest ? 0 : 1));
  writer.value(value);
  return writer.packet();
}

/** Reads the packet in `bytes`, which come without the length. Throws TypeError if it is not one. */
export function decodePacket(bytes: Uint8Array): Packet {
  const reader = new Reader(bytes);
  const head = reader.uint32();
  const value = reader.value();
  if (!reader.isAtEnd) throw new TypeError("Cannot decode a packet: bytes are left");
  return { id: head >>> 1, isRequest: (head & 1) === 0, value };
}

class Writer {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #encoder = new TextEncoder();

  uint32(number: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, number, true);
  }

  value(value: Value): void {
    if (value === null) return this.#tag(tags.null);
    switch (typeof value) {
      case "boolean":
        this.#tag(tags.boolean);
        return this.#tag(value ? 1 : 0);
      case "number":
        this.#tag(tags.number);
        return this.uint32(value);
      case "string":
        this.#tag(tags.text);
        return this.#block(this.#encoder.encode(value));
    }
    if (value instanceof Uint8Array) {
      this.#tag(tags.bytes);
      return this.#block(value);
    }
    if (Array.isArray(value)) {
      this.#tag(tags.list);
      this.uint32(value.length);
      return value.forEach((item) => this.value(item));
    }
    const entries = Object.entries(value as Record<string, Value>);
    this.#tag(tags.record);
    this.uint32(entries.length);
    for (const [key, item] of entries) {
      this.#block(this.#encoder.encode(key));
      this.value(item);
    }
  }

  packet(): Uint8Array<ArrayBuffer> {
    this.#view.setUint32(0, this.#length - lengthBytes, true);
    return this.#bytes.subarray(0, this.#length);
  }

  #tag(tag: number): void {
    // In this order: growing replaces the array.
    const at = this.#grow(1);
    this.#bytes[at] = tag;
  }

  #block(bytes: Uint8Array): void {
    this.uint32(bytes.length);
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

class Reader {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  value(): Value {
    const tag = this.#bytes[this.#take(1)];
    switch (tag) {
      case tags.null:
        return null;
      case tags.boolean:
        return this.#bytes[this.#take(1)] !== 0;
      case tags.number:
        return this.uint32();
      case tags.text:
        return this.#text();
      case tags.bytes:
        return this.#block().slice();
      case tags.list:
        return Array.from({ length: this.uint32() }, () => this.value());
      case tags.record:
        return this.#record();
    }
    throw new TypeError(`Cannot decode a packet: no value begins with ${tag}`);
  }

  #record(): Value {
    const record: Record<string, Value> = {};
    for (let left = this.uint32(); left > 0; left--) {
      const key = this.#text();
      record[key] = this.value();
    }
    return record;
  }

  #text(): string {
    return this.#decoder.decode(this.#block());
  }

  #block(): Uint8Array {
    const length = this.uint32();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new TypeError("Cannot decode a packet: it is cut");
    this.#at += count;
    return at;
  }
}

/** Puts packets together from the pieces that are read. */
export class PacketBuffer {
  #bytes = new Uint8Array(1 << 16);
  #start = 0;
  #end = 0;

  add(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#bytes.length) this.#makeRoom(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** The content of the next packet without its length, or null before it is complete. */
  next(): Uint8Array<ArrayBuffer> | null {
    const start = this.#start + lengthBytes;
    if (this.#end < start) return null;
    const end = start + new DataView(this.#bytes.buffer).getUint32(this.#start, true);
    if (this.#end < end) return null;
    this.#start = end;
    return this.#bytes.slice(start, end);
  }

  /** Moves what is left to the front, of a larger array if need be. */
  #makeRoom(count: number): void {
    const left = this.#bytes.subarray(this.#start, this.#end);
    const needed = left.length + count;
    const target = needed > this.#bytes.length / 2 ? new Uint8Array(needed * 2) : this.#bytes;
    target.set(left);
    this.#bytes = target;
    this.#start = 0;
    this.#end = left.length;
  }
}

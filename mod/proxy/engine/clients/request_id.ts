/** `proxy.request-id`: one ID per request, the same for the client, the upstream and the log. */
import {
  ConstantBytes,
  type HeadWriter,
  latin1,
  latin1Bytes,
  type MessageHead,
  type RequestHead,
} from "../../../http/mod.ts";
import type { RequestIdPlan } from "../../plan/plan.ts";
import { Spelling, spellingOf, usualSpelling } from "../fields/field_spelling.ts";

/** Longest ID that is accepted from outside. */
const idBytesMax = 128;
/** Length of generated IDs: 128 bits in hexadecimal. */
const ownIdBytes = 32;
/** Number of IDs after which the generator gets a new seed from the system. */
const idsPerSeed = 65_536;

/** The two hexadecimal digits of each byte. */
const hexPairs = new Uint16Array(
  latin1Bytes(
    Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join(""),
  ).buffer,
);

/** Bytes accepted in IDs: letters, digits and what UUIDs, base64 and trace IDs contain. */
const idBytes = new Uint8Array(256);
for (const byte of latin1Bytes("-._~+/=:@$")) idBytes[byte] = 1;
for (let i = 0; i < 10; i++) idBytes[0x30 + i] = 1;
for (let i = 0; i < 26; i++) idBytes[0x41 + i] = idBytes[0x61 + i] = 1;

/**
 * Random IDs without a system call for each: xoshiro128++ (Blackman and Vigna), seeded by the
 * system. They distinguish requests and are not secret.
 */
export class IdGenerator {
  readonly seed: (words: Uint32Array) => void;
  readonly #state = new Uint32Array(4);
  #left = 0;

  /** Fills `words` with random bits; replaced in tests. */
  constructor(seed: (words: Uint32Array) => void = systemSeed) {
    this.seed = seed;
  }

  /** Writes 32 hexadecimal digits, two of them into each element. */
  write(target: Uint16Array): void {
    if (this.#left-- === 0) this.#reseed();
    for (let at = 0; at < 16; at += 4) {
      const bits = this.#next();
      target[at] = hexPairs[bits >>> 24];
      target[at + 1] = hexPairs[(bits >>> 16) & 255];
      target[at + 2] = hexPairs[(bits >>> 8) & 255];
      target[at + 3] = hexPairs[bits & 255];
    }
  }

  #reseed(): void {
    this.#left = idsPerSeed - 1;
    this.seed(this.#state);
    // All zeros is the one state that the generator would never leave.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  #next(): number {
    const state = this.#state;
    const result = rotate(state[0] + state[3] | 0, 7) + state[0] | 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result;
  }
}

function systemSeed(words: Uint32Array): void {
  crypto.getRandomValues(words as Uint32Array<ArrayBuffer>);
}

function rotate(word: number, count: number): number {
  return word << count | word >>> 32 - count;
}

const generator = new IdGenerator();

/** Where the ID of a request is kept. */
export interface RequestIdSlot {
  /** The request comes from a trusted proxy. */
  readonly isTrusted: boolean;
  requestId: RequestId | null;
  spareRequestId: RequestId | null;
}

/** A compiled `proxy.request-id`. */
export class RequestIdRule {
  /** `name: `, as it is sent. */
  readonly start: ConstantBytes;
  readonly lowerName: Uint8Array;
  readonly #plan: RequestIdPlan;
  readonly fieldName: string;

  constructor(plan: RequestIdPlan) {
    this.#plan = plan;
    this.start = new ConstantBytes(`${plan.field}: `);
    this.fieldName = plan.field.toLowerCase();
    this.lowerName = latin1Bytes(this.fieldName);
  }

  /** Whether the response carries the ID too. */
  get answers(): boolean {
    return this.#plan.answers;
  }

  /** Sets the request's ID: the one it carries, if its sender may set it, or a new one. */
  name(head: RequestHead, slot: RequestIdSlot): void {
    const id = slot.spareRequestId ??= new RequestId();
    id.rule = this;
    slot.requestId = id;
    const { accepts } = this.#plan;
    if (accepts === "any" || (accepts === "trusted" && slot.isTrusted)) {
      const index = head.find(this.fieldName);
      if (index >= 0 && id.take(head, index)) return;
    }
    id.length = ownIdBytes;
    generator.write(id.pairs);
  }
}

/** The ID of a request; one object per connection, reused for each request. */
export class RequestId {
  readonly bytes = new Uint8Array(idBytesMax);
  /** The same bytes, two in each element. */
  readonly pairs = new Uint16Array(this.bytes.buffer);
  readonly #words = new DataView(this.bytes.buffer);
  length = 0;
  rule: RequestIdRule | null = null;

  /** Copies the value of a field; returns false if it is not a valid ID. */
  take(head: RequestHead, index: number): boolean {
    const start = head.fields[4 * index + 2];
    const length = head.fields[4 * index + 3] - start;
    if (length === 0 || length > idBytesMax) return false;
    for (let i = 0; i < length; i++) {
      const byte = head.bytes[start + i];
      if (idBytes[byte] === 0) return false;
      this.bytes[i] = byte;
    }
    this.length = length;
    return true;
  }

  words(): DataView {
    return this.#words;
  }

  get isAnswered(): boolean {
    return this.rule!.answers;
  }

  /** Whether the field at `index` is the one that carries the ID, in any spelling. */
  isField(head: MessageHead, index: number): boolean {
    return spellingOf(head, index, this.rule!.lowerName) !== Spelling.other;
  }

  /** Whether its field has this name, given in its usual spelling. */
  hasName(usualName: string): boolean {
    return usualSpelling(this.rule!.fieldName) === usualName;
  }

  /** Writes the field line. */
  writeLine(writer: HeadWriter): void {
    writer.constant(this.rule!.start);
    writer.copyOf(this, 0, this.length);
    writer.lineEnd();
  }

  text(): string {
    return latin1(this.bytes, 0, this.length);
  }
}

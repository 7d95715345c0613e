/** A request of --template within one thread: draws its values, and writes them into its bytes. */
import type { Counter, ValueSource } from "./value_source.ts";
import type { Place, ValuePlan, VaryingPlan } from "./values.ts";

const Kind = { number: 0, line: 1, uuid: 2, length: 3 } as const;
type Kind = typeof Kind[keyof typeof Kind];

const uuidLength = 36;
const numberLengthMax = 16;
/** Numbers that a UUID takes in the drawn values: its bits in words. */
const uuidWords = 4;
/** A shorter copy is faster byte by byte than by `set`. */
const loopBytesMax = 64;

/** One value as the loops below need it. */
interface Slot {
  readonly kind: Kind;
  /** Where it begins in the drawn values. */
  readonly at: number;
  /** Digits of a number at least. */
  readonly width: number;
  /** Of a random number. */
  readonly low: number;
  readonly high: number;
  /** null: the value is random. */
  readonly counter: Counter | null;
  readonly lines: Extract<ValuePlan, { kind: "line" }>["lines"] | null;
  readonly isInBody: boolean;
}

export class VaryingRequest {
  readonly plan: VaryingPlan;
  /** The bytes of the last `render`, up to `length`. All users of this object share them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Numbers that `draw` puts down for a request. */
  readonly valueCount: number;
  length = 0;
  readonly #source: ValueSource;
  readonly #slots: readonly Slot[];
  readonly #counters: readonly Counter[];
  /** Of each slot, as rendered last. */
  readonly #offsets: Int32Array;
  readonly #lengths: Int32Array;
  readonly #plainBodyLength: number;
  /** The head announces the length of a body that varies. */
  readonly #hasLength: boolean;

  constructor(plan: VaryingPlan, source: ValueSource) {
    this.plan = plan;
    this.#source = source;
    const { pieces, values, body } = plan;
    let at = 0;
    this.#slots = values.map((value, index) => {
      const slot: Slot = {
        kind: kindOf(value),
        at,
        width: "width" in value ? value.width : 0,
        low: value.kind === "rand" ? value.low : 0,
        high: value.kind === "rand" ? value.high : 0,
        counter: "key" in value ? source.counter(value) : null,
        lines: value.kind === "line" ? value.lines : null,
        isInBody: index >= body.piece,
      };
      at += value.kind === "uuid" ? uuidWords : value.kind === "length" ? 0 : 1;
      return slot;
    });
    this.valueCount = at;
    this.#hasLength = values.some(({ kind }) => kind === "length");
    this.#counters = [...new Set(this.#slots.map(({ counter }) => counter))]
      .filter((counter) => counter !== null);
    this.#offsets = new Int32Array(values.length);
    // No value has this length, so that the first `render` writes everything.
    this.#lengths = new Int32Array(values.length).fill(-1);
    const plainLength = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#plainBodyLength = pieces.slice(body.piece)
      .reduce((sum, piece) => sum + piece.length, -body.at);
    this.bytes = new Uint8Array(plainLength + values.reduce((sum, each) => sum + longest(each), 0));
    this.bytes.set(pieces[0]);
  }

  /** Draws the values of one request into `values`, from `start` on. */
  draw(values: Float64Array, start = 0): void {
    const source = this.#source, counters = this.#counters, slots = this.#slots;
    for (let index = 0; index < counters.length; index++) counters[index].advance();
    for (let index = 0; index < slots.length; index++) {
      const { kind, at, counter, lines, low, high } = slots[index];
      const place = start + at;
      if (kind === Kind.uuid) {
        for (let word = 0; word < uuidWords; word++) values[place + word] = source.bits();
      } else if (kind === Kind.line) {
        values[place] = counter!.now % (lines!.starts.length - 1);
      } else if (kind === Kind.number) {
        values[place] = counter === null ? source.between(low, high) : counter.now;
      }
    }
  }

  /** Writes the request with these values. Text moves only when the length of a value changes. */
  render(values: Float64Array, start = 0): void {
    const slots = this.#slots, lengths = this.#lengths, offsets = this.#offsets;
    const { bytes, plan: { pieces } } = this;
    const bodyLength = this.#hasLength ? this.#bodyLength(values, start) : 0;
    let isMoved = this.length === 0;
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index];
      const length = lengthOf(slot, values, start, bodyLength);
      if (length !== lengths[index]) isMoved = true;
      if (isMoved) {
        const before = index === 0 ? 0 : offsets[index - 1] + lengths[index - 1];
        if (index > 0) copy(pieces[index], bytes, before);
        offsets[index] = before + pieces[index].length;
        lengths[index] = length;
      }
      write(slot, values, start, bodyLength, bytes, offsets[index], length);
    }
    if (!isMoved) return;
    const last = slots.length - 1;
    const end = offsets[last] + lengths[last];
    copy(pieces[slots.length], bytes, end);
    this.length = end + pieces[slots.length].length;
  }

  /** Where a place is in the bytes of the last `render`. */
  offsetOf({ piece, at }: Place): number {
    return at + (piece === 0 ? 0 : this.#offsets[piece - 1] + this.#lengths[piece - 1]);
  }

  #bodyLength(values: Float64Array, start: number): number {
    let length = this.#plainBodyLength;
    for (const slot of this.#slots) {
      if (slot.isInBody) length += lengthOf(slot, values, start, 0);
    }
    return length;
  }
}

function kindOf({ kind }: ValuePlan): Kind {
  return kind === "line" || kind === "uuid" || kind === "length" ? Kind[kind] : Kind.number;
}

/** Bytes that the value needs at most. */
function longest(value: ValuePlan): number {
  if (value.kind === "uuid") return uuidLength;
  if (value.kind !== "line") return numberLengthMax;
  const { starts } = value.lines;
  let length = 0;
  for (let line = 1; line < starts.length; line++) {
    length = Math.max(length, starts[line] - starts[line - 1]);
  }
  return length;
}

function lengthOf(
  { kind, at, width, lines }: Slot,
  values: Float64Array,
  start: number,
  bodyLength: number,
): number {
  switch (kind) {
    case Kind.uuid:
      return uuidLength;
    case Kind.line: {
      const line = values[start + at];
      return lines!.starts[line + 1] - lines!.starts[line];
    }
    case Kind.length:
      return digitCount(bodyLength);
    default:
      return Math.max(width, digitCount(values[start + at]));
  }
}

function write(
  { kind, at, lines }: Slot,
  values: Float64Array,
  start: number,
  bodyLength: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  switch (kind) {
    case Kind.uuid:
      return writeUuid(values, start + at, bytes, offset);
    case Kind.line: {
      const from = lines!.starts[values[start + at]];
      for (let index = 0; index < length; index++) {
        bytes[offset + index] = lines!.bytes[from + index];
      }
      return;
    }
    case Kind.length:
      return writeDigits(bodyLength, bytes, offset, length);
    default:
      return writeDigits(values[start + at], bytes, offset, length);
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit && count < numberLengthMax; limit *= 10) count++;
  return count;
}

/** `length` digits, with zeros in front. */
function writeDigits(value: number, bytes: Uint8Array, offset: number, length: number): void {
  let rest = value, at = offset + length;
  // Beyond 31 bits whole numbers are doubles, whose division is slower.
  for (; rest > 0x7fffffff && at > offset; at--) {
    // The remainder is exact, where the quotient may be rounded up.
    const digit = rest % 10;
    bytes[at - 1] = 0x30 + digit;
    rest = (rest - digit) / 10;
  }
  for (let small = rest | 0; at > offset; at--) {
    const tenth = (small / 10) | 0;
    bytes[at - 1] = 0x30 + small - 10 * tenth;
    small = tenth;
  }
}

/** The two hexadecimal digits of each byte. */
const highDigits = new Uint8Array(256), lowDigits = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, "0");
  highDigits[byte] = digits.charCodeAt(0);
  lowDigits[byte] = digits.charCodeAt(1);
}
const HYPHEN = 0x2d;

/** Version 4: 122 random bits in 128, of which six say that (RFC 9562 5.4). */
function writeUuid(values: Float64Array, start: number, bytes: Uint8Array, offset: number): void {
  const second = (values[start + 1] & 0xffff0fff) | 0x4000;
  const third = (values[start + 2] & 0x3fffffff) | 0x80000000;
  const fourth = values[start + 3] | 0;
  writeHex(values[start] >> 16, bytes, offset);
  writeHex(values[start] | 0, bytes, offset + 4);
  bytes[offset + 8] = HYPHEN;
  writeHex(second >> 16, bytes, offset + 9);
  bytes[offset + 13] = HYPHEN;
  writeHex(second, bytes, offset + 14);
  bytes[offset + 18] = HYPHEN;
  writeHex(third >> 16, bytes, offset + 19);
  bytes[offset + 23] = HYPHEN;
  writeHex(third, bytes, offset + 24);
  writeHex(fourth >> 16, bytes, offset + 28);
  writeHex(fourth, bytes, offset + 32);
}

/** The low 16 bits as four digits. */
function writeHex(bits: number, bytes: Uint8Array, offset: number): void {
  const high = bits >> 8 & 255, low = bits & 255;
  bytes[offset] = highDigits[high];
  bytes[offset + 1] = lowDigits[high];
  bytes[offset + 2] = highDigits[low];
  bytes[offset + 3] = lowDigits[low];
}

function copy(piece: Uint8Array, bytes: Uint8Array, at: number): void {
  if (piece.length > loopBytesMax) bytes.set(piece, at);
  else for (let index = 0; index < piece.length; index++) bytes[at + index] = piece[index];
}

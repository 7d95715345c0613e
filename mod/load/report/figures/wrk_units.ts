/**
 * Numbers as wrk prints them, digit for digit (wrk's src/units.c and print_units of src/wrk.c).
 *
 * wrk computes in x86-64 `long double`: a quotient is rounded to a 64-bit mantissa, and then the
 * exact value of that is rounded to two decimals, half to even. Doubles differ in the last digit
 * for almost half of all ties, so the same is done here with big integers. Reports only.
 */

/** mantissa * 2^exponent. */
interface Binary {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const mantissaBits = 64;
/** wrk switches to the next unit at 0.85 of it. */
const nextUnitAt = 0.85;

/** Scale, then units in ascending order. The last unit of each list of wrk's is out of its own reach. */
interface UnitList {
  readonly scale: number;
  readonly units: readonly string[];
}

const microseconds: UnitList = { scale: 1000, units: ["us", "ms"] };
const seconds: UnitList = { scale: 60, units: ["s", "m"] };
const binary: UnitList = { scale: 1024, units: ["", "K", "M", "G", "T"] };
const metric: UnitList = { scale: 1000, units: ["", "k", "M", "G", "T"] };

/** `849.00us`, `0.85ms`, `1.21s`, `0.85m`. */
export function formatTimeUs(us: number): string {
  if (us >= 1_000_000) return formatUnits(divide(fromNumber(us), 1_000_000), seconds, 2);
  return formatUnits(fromNumber(us), microseconds, 2);
}

/** `-` where there is no figure. */
export function orDash(
  value: number | null | undefined,
  format: (value: number) => string,
): string {
  return value === null || value === undefined ? "-" : format(value);
}

/** `10s`, `1m`: the duration in the first line. */
export function formatTimeS(wholeSeconds: number): string {
  return formatUnits(fromNumber(wholeSeconds), seconds, 0);
}

/** `1.50K`; wrk appends a `B`. */
export function formatBinary(bytes: number): string {
  return formatUnits(fromNumber(bytes), binary, 2);
}

/** `56.20k`. */
export function formatMetric(amount: number): string {
  return formatUnits(fromNumber(amount), metric, 2);
}

/** C's `%.{digits}f`: exact ties go to the even digit, and NaN is `-nan` as 0/0 prints on x86-64. */
export function formatFixed(value: number, digits: number): string {
  return Number.isNaN(value) ? "-nan" : toDecimal(fromNumber(value), digits);
}

/**
 * One cell of the statistics table: right-justified in `width` with room kept for a unit of two
 * letters, and cut off, so that columns of different units line up.
 */
export function cell(text: string, width: number): string {
  const isLetter = (at: number) => /[a-zA-Z]/.test(text.charAt(at));
  let pad = 2;
  if (isLetter(text.length - 1)) pad--;
  if (isLetter(text.length - 2)) pad--;
  const room = width - pad;
  return text.slice(0, room).padStart(room) + " ".repeat(pad);
}

function formatUnits(amount: Binary, list: UnitList, digits: number): string {
  const threshold = fromNumber(list.scale * nextUnitAt);
  let unit = 0;
  let rest = amount;
  while (unit + 1 < list.units.length && atLeast(rest, threshold)) {
    rest = divide(rest, list.scale);
    unit++;
  }
  return toDecimal(rest, digits) + list.units[unit];
}

/** A finite, non-negative double exactly. */
function fromNumber(value: number): Binary {
  let exponent = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent--;
  }
  return { mantissa: BigInt(scaled), exponent };
}

function atLeast(left: Binary, right: Binary): boolean {
  const exponent = Math.min(left.exponent, right.exponent);
  return left.mantissa << BigInt(left.exponent - exponent) >=
    right.mantissa << BigInt(right.exponent - exponent);
}

/** The quotient, rounded to 64 bits, half to even. */
function divide(value: Binary, divisor: number): Binary {
  if (value.mantissa === 0n) return value;
  const denominator = BigInt(divisor);
  // Enough bits that the quotient has more than 64 and the remainder decides the rounding.
  const shift = Math.max(0, mantissaBits + 2 + bitLength(denominator) - bitLength(value.mantissa));
  const numerator = value.mantissa << BigInt(shift);
  const quotient = numerator / denominator;
  // A sticky bit represents the remainder of the division.
  const sticky = numerator % denominator === 0n ? 0n : 1n;
  const long = quotient << 1n | sticky;
  const excess = bitLength(long) - mantissaBits;
  const exponent = value.exponent - shift - 1;
  if (excess <= 0) return { mantissa: long, exponent };
  return { mantissa: roundShift(long, BigInt(excess)), exponent: exponent + excess };
}

/** value / 2^bits, half to even. */
function roundShift(value: bigint, bits: bigint): bigint {
  const half = 1n << bits - 1n;
  const rest = value & (1n << bits) - 1n;
  const whole = value >> bits;
  return rest > half || (rest === half && (whole & 1n) === 1n) ? whole + 1n : whole;
}

function toDecimal(value: Binary, digits: number): string {
  const scaled = value.mantissa * 10n ** BigInt(digits);
  const whole = value.exponent >= 0
    ? scaled << BigInt(value.exponent)
    : roundShift(scaled, BigInt(-value.exponent));
  const text = whole.toString().padStart(digits + 1, "0");
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

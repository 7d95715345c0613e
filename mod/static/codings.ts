/** Choice among precompressed siblings of a file by `Accept-Encoding` (RFC 9110 section 12.5.3). */

/** A content coding with the suffix that its sibling file carries. */
export interface Coding {
  readonly name: "br" | "zstd" | "gzip";
  readonly suffix: ".br" | ".zst" | ".gz";
}

/** In the order we prefer at equal weight: smallest first. */
export const codings: readonly Coding[] = [
  { name: "br", suffix: ".br" },
  { name: "zstd", suffix: ".zst" },
  { name: "gzip", suffix: ".gz" },
];

/** The codings that the client takes, best first; `identity` tells whether the plain file may be sent. */
export interface Acceptable {
  readonly codings: readonly Coding[];
  readonly identity: boolean;
}

/** What an `Accept-Encoding` value says of each coding (RFC 9110 12.5.3). */
export interface CodingWeights {
  /** 0 (refused) to 1; a coding that is not named has the weight of `*`, or 0. */
  of(coding: string): number;
  /** The weight of an `identity` that is named; 0 without. */
  readonly identity: number;
  /** Neither `identity` nor `*` refuses the plain form. */
  readonly isIdentityAllowed: boolean;
}

export function codingWeights(value: string): CodingWeights {
  const weights = new Map<string, number>();
  for (const part of value.split(",")) {
    const [name, ...parameters] = part.split(";");
    const token = name.trim().toLowerCase();
    if (token !== "") weights.set(token === "x-gzip" ? "gzip" : token, weightOf(parameters));
  }
  const rest = weights.get("*");
  const identity = weights.get("identity");
  return {
    of: (coding) => weights.get(coding) ?? rest ?? 0,
    identity: identity ?? 0,
    isIdentityAllowed: (identity ?? rest ?? 1) > 0,
  };
}

/** Reads an `Accept-Encoding` value; null (field absent) means that only the plain file is safe. */
export function acceptableCodings(value: string | null): Acceptable {
  if (value === null) return { codings: [], identity: true };
  const weights = codingWeights(value);
  const accepted = codings
    .map((coding) => ({ coding, weight: weights.of(coding.name) }))
    // A client that likes the plain form better gets it.
    .filter(({ weight }) => weight > 0 && weight >= weights.identity)
    .sort((a, b) => b.weight - a.weight)
    .map((choice) => choice.coding);
  return { codings: accepted, identity: weights.isIdentityAllowed };
}

/** The `q` parameter, 0 to 1; a broken one counts as 0 so that nothing unwanted is sent. */
function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const match = /^\s*q\s*=\s*(.*?)\s*$/i.exec(parameter);
    if (match !== null) {
      return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(match[1]) ? Number(match[1]) : 0;
    }
  }
  return 1;
}

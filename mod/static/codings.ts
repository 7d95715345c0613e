/**
 * Chooses a content coding by `Accept-Encoding` (RFC 9110 section 12.5.3).
 *
 * Not by @std/http's acceptsEncodings: among equal weights it takes the client's first, which is
 * gzip for every browser, where the server's smallest coding is meant; and it takes `q=2`.
 */

/** A content coding with the suffix of its sibling file. */
export interface Coding {
  readonly name: "br" | "zstd" | "gzip";
  readonly suffix: ".br" | ".zst" | ".gz";
}

/** In order of preference at equal weight: smallest first. */
export const codings: readonly Coding[] = [
  { name: "br", suffix: ".br" },
  { name: "zstd", suffix: ".zst" },
  { name: "gzip", suffix: ".gz" },
];

/** The codings that the client accepts, best first; `identity`: the plain file may be sent. */
export interface Acceptable {
  readonly codings: readonly Coding[];
  readonly identity: boolean;
}

/** The weights of an `Accept-Encoding` value (RFC 9110 12.5.3). */
export interface CodingWeights {
  /** 0 (refused) to 1; an unlisted coding has the weight of `*`, or 0. */
  of(coding: string): number;
  /** The weight of `identity` if listed, else 0. */
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

/** Parses an `Accept-Encoding` value; null (field absent): only the plain file is safe. */
export function acceptableCodings(value: string | null): Acceptable {
  if (value === null) return { codings: [], identity: true };
  const weights = codingWeights(value);
  const accepted = codings
    .map((coding) => ({ coding, weight: weights.of(coding.name) }))
    // A client that prefers the plain file gets it.
    .filter(({ weight }) => weight > 0 && weight >= weights.identity)
    .sort((a, b) => b.weight - a.weight)
    .map((choice) => choice.coding);
  return { codings: accepted, identity: weights.isIdentityAllowed };
}

/** The `q` parameter, 0 to 1. A malformed one counts as 0, so that no unwanted coding is sent. */
function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const match = /^\s*q\s*=\s*(.*?)\s*$/i.exec(parameter);
    if (match !== null) {
      return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(match[1]) ? Number(match[1]) : 0;
    }
  }
  return 1;
}

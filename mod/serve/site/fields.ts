/** Fields that a site adds to its responses: `_headers`, CORS, and those of --security-headers. */
import type { HeaderChange } from "./rules/header_rules.ts";

export type Field = readonly [name: string, value: string];

/**
 * What a browser can be told without knowing the site. A Content-Security-Policy that restricts
 * scripts needs the site's own words: it goes into `_headers`, where any of these can be changed.
 */
export const securityFields: readonly Field[] = [
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "strict-origin-when-cross-origin"],
  ["X-Frame-Options", "SAMEORIGIN"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Permissions-Policy", "camera=(), geolocation=(), microphone=()"],
];

/** Over HTTPS only (RFC 6797 7.2). Half a year, which scanners ask for; without subdomains. */
export const strictTransport: Field = ["Strict-Transport-Security", "max-age=15552000"];

/** What a browser keeps of the answer to a preflight; it cuts this down to its own limit. */
const preflightSeconds = 86_400;

/** The answer to a preflight (Fetch standard, CORS-preflight fetch). */
export function preflightFields(requestedFields: string | null): Field[] {
  return [
    ["Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"],
    // Names of fields only; what else the client sends is not repeated.
    ...(requestedFields !== null && /^[\w!#$%&'*+.^`|~, -]{1,1000}$/.test(requestedFields)
      ? [["Access-Control-Allow-Headers", requestedFields] as const]
      : []),
    ["Access-Control-Max-Age", String(preflightSeconds)],
  ];
}

/** Which origins may read the responses. */
export type CorsPlan = "*" | readonly string[];

/** The CORS fields for a request with this Origin; null: it has none. */
export function corsFields(cors: CorsPlan, origin: string | null): Field[] {
  const expose: Field = ["Access-Control-Expose-Headers", "*"];
  if (cors === "*") return [["Access-Control-Allow-Origin", "*"], expose];
  const vary: Field = ["Vary", "Origin"];
  if (origin === null || !cors.includes(origin)) return [vary];
  return [["Access-Control-Allow-Origin", origin], expose, vary];
}

/** What is added to the responses to one kind of request; made once and shared. */
export class Decoration {
  readonly #added: readonly Field[];
  readonly #change: HeaderChange | null;
  /** `USER:PASSWORD`; empty: everybody may see it. */
  readonly users: readonly string[];

  /** `added`: unless the response or `change` has a field of that name. */
  constructor(added: readonly Field[], change: HeaderChange | null) {
    this.#added = added;
    this.#change = change;
    this.users = change?.users ?? [];
  }

  /** The fields of a response with this status. Redirects have nothing of `_headers`. */
  apply(status: number, fields: readonly Field[]): Field[] {
    const change = status >= 300 && status < 400 && status !== 304 ? null : this.#change;
    const result: Field[] = [];
    const varies: string[] = [];
    const names = new Set<string>();
    const add = (field: Field) => {
      const name = field[0].toLowerCase();
      names.add(name);
      if (name === "vary") varies.push(field[1]);
      // A 304 says nothing about the body.
      else if (status !== 304 || name !== "content-type") result.push(field);
    };
    for (const [, lines] of change?.fields ?? []) lines.forEach(add);
    for (const field of [...fields, ...this.#added]) {
      const name = field[0].toLowerCase();
      if (name === "vary") varies.push(field[1]);
      else if (!change?.fields.has(name) && !change?.removed.has(name)) add(field);
    }
    if (varies.length > 0) result.push(["Vary", joined(varies)]);
    return result;
  }
}

/** Each name once. */
function joined(values: readonly string[]): string {
  const names = new Map(
    values.join(",").split(",").map((name) => [name.trim().toLowerCase(), name.trim()]),
  );
  names.delete("");
  return [...names.values()].join(", ");
}

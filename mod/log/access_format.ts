/** h2o's access-log formats, compiled to a list of pieces. */
import {
  type AccessNeed,
  extendedField,
  type FieldWriter,
  needOf,
  originalFields,
  peerText,
  plainFields,
  timeField,
} from "./access_fields.ts";
import type { AccessRecord } from "./access_record.ts";
import type { KeptText } from "./kept_text.ts";
import type { Escape, LineBuffer } from "./line_buffer.ts";

/** Formats by name. `combined` is h2o's default. */
export const namedFormats = {
  combined: '%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-agent}i"',
  common: '%h %l %u %t "%r" %s %b',
  json:
    '{"time":"%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t","remote":"%h","method":"%m","target":"%U%q",' +
    '"protocol":"%H","host":"%V","status":%s,"bytes":%b,"duration":%{duration}x,' +
    '"referer":"%{Referer}i","user_agent":"%{User-agent}i","upstream":"%{upstream-addr}x",' +
    '"upstream_status":%{upstream-status}x,"upstream_tries":%{upstream-tries}x,' +
    '"upstream_time":%{proxy.total-time}x}',
  ltsv: "time:%t\thost:%h\tmethod:%m\turi:%U%q\tprotocol:%H\tvhost:%V\tstatus:%s\tsize:%b\t" +
    "reqtime:%{duration}x\tapptime:%{proxy.total-time}x\tupstream:%{upstream-addr}x\t" +
    "tries:%{upstream-tries}x\treferer:%{Referer}i\tua:%{User-agent}i",
} as const;

const nothing: Readonly<Record<Escape, Uint8Array>> = {
  apache: new TextEncoder().encode("-"),
  json: new TextEncoder().encode("null"),
};

/** A field and the literal bytes after it. */
interface Piece {
  readonly write: FieldWriter;
  readonly suffix: Uint8Array;
  /** JSON: the quotes around it are omitted when it is null, as in h2o. */
  readonly dropsQuotes: boolean;
}

export class AccessFormat {
  /** Lower-case names of the request fields that the format uses. */
  readonly requestFields: readonly string[];
  /** The same for the response, and for the response before it was replaced. */
  readonly responseFields: readonly string[];
  readonly originalFields: readonly string[];
  /** Data that the caller must collect for this format. */
  readonly needs: ReadonlySet<AccessNeed>;
  readonly #prefix: Uint8Array;
  readonly #pieces: readonly Piece[];

  /** Use `compileAccessFormat`. */
  constructor(parsed: ParsedFormat, readonly escape: Escape) {
    this.requestFields = [...parsed.requestFields];
    this.responseFields = [...parsed.responseFields];
    this.originalFields = [...parsed.originalFields];
    this.needs = parsed.needs;
    const encoder = new TextEncoder();
    this.#prefix = encoder.encode(parsed.prefix + (parsed.items.length === 0 ? "\n" : ""));
    const quotes = escape === "json" ? quotedItems(parsed) : [];
    this.#pieces = parsed.items.map((item, index) => ({
      write: item.write,
      suffix: encoder.encode(item.suffix + (index === parsed.items.length - 1 ? "\n" : "")),
      dropsQuotes: quotes[index] ?? false,
    }));
  }

  /** Appends the record's line, with its line feed. */
  write(out: LineBuffer, record: AccessRecord): void {
    out.copy(this.#prefix);
    for (const piece of this.#pieces) {
      if (piece.write(out, record, this.escape)) {
        out.copy(piece.suffix);
        continue;
      }
      if (piece.dropsQuotes) out.length -= 1;
      out.copy(nothing[this.escape]);
      out.copy(piece.suffix, piece.dropsQuotes ? 1 : 0);
    }
  }
}

interface Item {
  readonly write: FieldWriter;
  suffix: string;
}

interface ParsedFormat {
  prefix: string;
  readonly items: Item[];
  readonly requestFields: Set<string>;
  readonly responseFields: Set<string>;
  readonly originalFields: Set<string>;
  readonly needs: Set<AccessNeed>;
}

/**
 * Compiles a format string or one of `namedFormats`. `escape` defaults to JSON for the format `json`.
 * Throws `RangeError` with one line that says what is wrong.
 */
export function compileAccessFormat(format: string, escape?: Escape): AccessFormat {
  const named = Object.hasOwn(namedFormats, format) ? format as keyof typeof namedFormats : null;
  const pattern = named === null ? format : namedFormats[named];
  const parsed: ParsedFormat = {
    prefix: "",
    items: [],
    requestFields: new Set(),
    responseFields: new Set(),
    originalFields: new Set(),
    needs: new Set(),
  };
  for (let at = 0; at < pattern.length;) {
    if (pattern[at] !== "%") at = literal(parsed, pattern[at] as string, at + 1);
    else if (pattern[at + 1] === "%") at = literal(parsed, "%", at + 2);
    else at = conversion(parsed, pattern, at);
  }
  return new AccessFormat(parsed, escape ?? (named === "json" ? "json" : "apache"));
}

function literal(parsed: ParsedFormat, text: string, next: number): number {
  const last = parsed.items.at(-1);
  if (last === undefined) parsed.prefix += text;
  else last.suffix += text;
  return next;
}

/** Parses the conversion at `start`; returns its end. */
function conversion(parsed: ParsedFormat, pattern: string, start: number): number {
  const match = /^%([<>]*)(?:\{([^}]*)\})?(.?)/s.exec(pattern.slice(start)) as RegExpExecArray;
  const [whole, direction, name, letter] = match as unknown as [
    string,
    string,
    string | undefined,
    string,
  ];
  if (name === undefined && letter === "{") {
    throw wrong(`${pattern.slice(start)} has no closing brace`);
  }
  if (letter === "") throw wrong(`${whole} at the end has no letter`);
  const original = direction.endsWith("<");
  if (original && letter === "s") parsed.needs.add("original");
  const isLocal = letter === "A" || (letter === "p" && (name ?? "local").toLowerCase() === "local");
  if (isLocal) parsed.needs.add("local");
  if (name === undefined && letter === "V") parsed.needs.add("host");
  const write = name === undefined
    ? (original ? originalFields[letter] : undefined) ?? plainFields[letter]
    : bracedField(parsed, name, letter, { whole, original });
  if (write === undefined) {
    throw wrong(
      `unknown conversion ${whole}, known are ${
        Object.keys(plainFields).map((each) => `%${each}`).join(" ")
      }`,
    );
  }
  parsed.items.push({ write, suffix: "" });
  return start + whole.length;
}

function bracedField(
  parsed: ParsedFormat,
  name: string,
  letter: string,
  { whole, original }: { readonly whole: string; readonly original: boolean },
): FieldWriter {
  const lower = name.toLowerCase();
  switch (letter) {
    case "i":
      parsed.requestFields.add(lower);
      return fieldOf((record) => record.requestField(lower));
    case "o":
      parsed.needs.add("head");
      // Where responses are never replaced, the original is the response sent.
      parsed.responseFields.add(lower);
      if (!original) return fieldOf((record) => record.responseField(lower));
      parsed.needs.add("original");
      parsed.originalFields.add(lower);
      return fieldOf((record) => record.originalResponseField(lower));
    case "e":
      return fieldOf((record) => record.variable(name));
    case "t":
      return timeField(name);
    case "x": {
      const need = needOf(lower);
      if (need !== null) parsed.needs.add(need);
      return extendedField(lower);
    }
    case "p":
      if (lower === "local") return plainFields["p"] as FieldWriter;
      if (lower === "remote") return remotePort;
      throw wrong(`unknown ${whole}, allowed are %{local}p and %{remote}p`);
    default:
      throw wrong(`${whole}: the letter after the brace must be i, o, e, t, x or p`);
  }
}

function fieldOf(read: (record: AccessRecord) => string | KeptText | null): FieldWriter {
  return (out, record, escape) => peerText(out, read(record), escape);
}

function remotePort(out: LineBuffer, record: AccessRecord): boolean {
  const port = record.remotePort();
  if (port === null) return false;
  out.number(port);
  return true;
}

function wrong(reason: string): RangeError {
  return new RangeError(`access-log format: ${reason}`);
}

/** Which items are alone between two quotes: `"%h"` is, `"%U%q"` and `"x%h"` are not. */
function quotedItems(parsed: ParsedFormat): boolean[] {
  let quote = "";
  let before = scanQuotes(parsed.prefix, quote);
  quote = before.quote;
  return parsed.items.map((item) => {
    const alone = before.justOpened && item.suffix !== "" && item.suffix[0] === quote;
    before = scanQuotes(item.suffix, quote);
    quote = before.quote;
    return alone;
  });
}

function scanQuotes(text: string, open: string): { quote: string; justOpened: boolean } {
  let quote = open;
  let justOpened = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string;
    justOpened = false;
    if (quote === "" && (letter === '"' || letter === "'")) {
      quote = letter;
      justOpened = true;
    } else if (letter === quote && (/\\*$/.exec(text.slice(0, i))?.[0].length ?? 0) % 2 === 0) {
      quote = "";
    }
  }
  return { quote, justOpened };
}

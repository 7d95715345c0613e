/** Reads the placeholders of --template: `{rand:1:100}` and its like in a text. Pure. */
import { nearest } from "../../base/nearest.ts";

/** A piece of text, or what a request has in its place. */
export type TemplatePart = string | Placeholder;

export type Placeholder =
  | {
    readonly kind: "rand";
    readonly low: number;
    readonly high: number;
    readonly width: number;
  }
  | { readonly kind: "seq"; readonly start: number; readonly width: number }
  | { readonly kind: "line"; readonly path: string }
  | { readonly kind: "uuid" };

/** What is wrong with a text, and in which of its characters, counted from 0. */
export class TemplateFault {
  readonly offset: number;
  readonly what: string;

  constructor(offset: number, what: string) {
    this.offset = offset;
    this.what = what;
  }
}

export const placeholderForms: string =
  "{rand:LOW:HIGH}, {seq:START}, {line:FILE} and {uuid}; {{ is a brace";
const kinds = ["rand", "seq", "line", "uuid"];
/** As much of a wrong placeholder as a message shows. */
const shownMax = 40;

/** The text in its parts, or the first thing that is wrong with it. */
export function readPlaceholders(text: string): readonly TemplatePart[] | TemplateFault {
  const parts: TemplatePart[] = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    const open = text.indexOf("{", at);
    plain += open < 0 ? text.slice(at) : text.slice(at, open);
    if (open < 0) break;
    if (text[open + 1] === "{") {
      plain += "{";
      at = open + 2;
      continue;
    }
    const close = text.indexOf("}", open);
    if (close < 0) return new TemplateFault(open, "{ has no } after it; {{ is a brace");
    const placeholder = readOne(text.slice(open + 1, close));
    if (typeof placeholder === "string") return new TemplateFault(open, placeholder);
    if (plain !== "") parts.push(plain);
    parts.push(placeholder);
    plain = "";
    at = close + 1;
  }
  if (plain !== "") parts.push(plain);
  return parts;
}

/** What stands between the braces; a text says what is wrong. */
function readOne(inside: string): Placeholder | string {
  const colon = inside.indexOf(":");
  const kind = colon < 0 ? inside : inside.slice(0, colon);
  const rest = colon < 0 ? "" : inside.slice(colon + 1);
  switch (kind) {
    case "uuid":
      return colon < 0 ? { kind } : "uuid takes nothing: {uuid}";
    case "line":
      return rest === "" ? "line needs a file: {line:FILE}" : { kind, path: rest };
    case "seq": {
      const start = readNumber(rest);
      if (start === null) return `seq needs ${numberHelp}: {seq:1}`;
      return { kind, start, width: widthOf(rest) };
    }
    case "rand": {
      const [low, high, ...more] = rest.split(":").map(readNumber);
      if (low === null || high === null || high === undefined || more.length > 0) {
        return `rand needs two numbers, each ${numberHelp}: {rand:1:100}`;
      }
      if (low > high) return `rand: ${low} is greater than ${high}`;
      return { kind, low, high, width: Math.max(...rest.split(":").map(widthOf)) };
    }
  }
  const shown = inside.length > shownMax ? `${inside.slice(0, shownMax)}...` : inside;
  const meant = /^[\w-]*$/.test(kind) ? nearest(kind, kinds) : null;
  const hint = meant === null ? "" : `did you mean ${meant}? `;
  return `{${shown}} is no placeholder: ${hint}There are ${placeholderForms}`;
}

const numberHelp = `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`;

function readNumber(text: string): number | null {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return number <= Number.MAX_SAFE_INTEGER ? number : null;
}

/** A number that is written with leading zeros is sent with as many digits, as shells count. */
function widthOf(digits: string): number {
  return digits.length > 1 && digits.startsWith("0") ? digits.length : 0;
}

/** URLs with placeholders of --template in their path and query. Pure. */
import { readPlaceholders, TemplateFault } from "../request/placeholders.ts";
import { parseTarget, type Target } from "./target.ts";

/** A placeholder, or a brace that is written twice. */
const spelled = /\{\{|\{[^}]*\}/g;

/**
 * Reads a URL whose path, and only that, may have placeholders: they stay in `Target.path` as they are
 * spelled. Returns the reason when it is invalid.
 */
export function parseTemplateTarget(text: string): Target | string {
  const parts = readPlaceholders(text);
  if (parts instanceof TemplateFault) return columnOf(parts);
  // A placeholder may hold what ends a path, or a host: numbers in braces stand for them meanwhile.
  const found: { text: string; at: number }[] = [];
  const numbered = text.replace(spelled, (match: string, at: number) => {
    found.push({ text: match, at });
    return `{${found.length - 1}}`;
  });
  const target = parseTarget(numbered);
  if (typeof target === "string") return target;
  const restored = (part: string) =>
    part.replace(/\{(\d+)\}/g, (_, index: string) => found[Number(index)].text);
  const { authority, userinfo, unixPath } = target;
  const outside = /\{(\d+)\}/.exec(`${authority} ${userinfo ?? ""} ${unixPath ?? ""}`);
  if (outside !== null) {
    const { at } = found[Number(outside[1])];
    return `column ${at + 1}: a placeholder can stand in the path and the query only`;
  }
  return { ...target, text, path: restored(target.path) };
}

/** `column 7: what is wrong`, counted from 1. */
export function columnOf({ offset, what }: TemplateFault): string {
  return `column ${offset + 1}: ${what}`;
}

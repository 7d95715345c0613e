/** Lines of parameters in nginx's syntax, `weight=2 backup`: each is a flag or has a value. */
import { nearest } from "../../../base/nearest.ts";

/** Reads one parameter. */
export interface WordReader {
  /** As shown in messages: `weight=N`, or `backup` for a flag. */
  readonly form: string;
  /** The allowed values, for messages; without it `form` says it. */
  readonly allowed?: string;
  /** Stores the value, "" for a flag. Returns false when it is invalid. */
  read(value: string): boolean;
}

/**
 * Reads the parameters in order; of equal ones the last wins. Returns error messages separated by
 * line feeds, or null.
 */
export function readWords(
  words: readonly string[],
  readers: readonly WordReader[],
): string | null {
  const faults: (string | null)[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    // Includes the `=`: a flag with a value, or a parameter without one, matches no reader.
    const name = equals < 0 ? word : word.slice(0, equals + 1);
    const reader = readers.find(({ form }) => equals < 0 ? form === name : form.startsWith(name));
    const value = equals < 0 ? "" : word.slice(equals + 1);
    if (reader === undefined) faults.push(unknownWord(word, readers));
    else if (!reader.read(value)) {
      faults.push(`found \`${word}\`; allowed: ${reader.allowed ?? reader.form}`);
    }
  }
  return joinFaults(faults);
}

/** Joins error messages with line feeds; null when there are none. */
export function joinFaults(faults: readonly (string | null)[]): string | null {
  const found = faults.filter((fault) => fault !== null);
  return found.length === 0 ? null : found.join("\n");
}

function unknownWord(word: string, readers: readonly WordReader[]): string {
  const names = readers.map(({ form }) => form.split("=")[0]);
  const near = nearest(word.split("=")[0], names);
  const hint = near === null ? "" : ` (did you mean ${near}?)`;
  const forms = readers.map(({ form }) => form).join(", ");
  return `found \`${word}\`${hint}; allowed: ${forms}`;
}

/** Splits a line at white space; an empty line has no words. */
export function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/).filter((word) => word !== "");
}

/** Lines of words as nginx has them, `weight=2 backup`: each is a flag or has a value. */
import { nearestName } from "../../config/mod.ts";

/** Takes one kind of word. */
export interface WordReader {
  /** As messages show it: `weight=N`, or `backup` for a flag. */
  readonly form: string;
  /** What a value may be, for messages. */
  readonly allowed?: string;
  /** Takes the value, "" for a flag. False: it is none. */
  read(value: string): boolean;
}

/** Reads the words in order, later ones over earlier ones. Returns what is wrong, a fault a line, or null. */
export function readWords(
  words: readonly string[],
  readers: readonly WordReader[],
): string | null {
  const faults: (string | null)[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    // With its `=`, so that a flag is not given a value, nor a value left out.
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

/** Faults of one line, each a line; null when there is none. */
export function joinFaults(faults: readonly (string | null)[]): string | null {
  const found = faults.filter((fault) => fault !== null);
  return found.length === 0 ? null : found.join("\n");
}

function unknownWord(word: string, readers: readonly WordReader[]): string {
  const names = readers.map(({ form }) => form.split("=")[0]);
  const near = nearestName(word.split("=")[0], names);
  const hint = near === null ? "" : ` (did you mean ${near}?)`;
  const forms = readers.map(({ form }) => form).join(", ");
  return `found \`${word}\`${hint}; allowed: ${forms}`;
}

/** The words of a line, none for an empty one. */
export function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/).filter((word) => word !== "");
}

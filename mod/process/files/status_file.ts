/** The status file of Server::Starter: one line `GENERATION:PID` for each live worker. */
import { readIfThere, removeIfThere } from "./if_there.ts";

/** A line of the file. */
export interface StatusLine {
  readonly generation: number;
  readonly pid: number;
}

/** The file's text, sorted as strings (1, 10, 11, 2) like Server::Starter's. */
export function formatStatus(lines: readonly StatusLine[]): string {
  const texts = lines.map(({ generation, pid }) => [String(generation), `${generation}:${pid}\n`]);
  texts.sort(([left], [right]) => left < right ? -1 : left > right ? 1 : 0);
  return texts.map(([, text]) => text).join("");
}

/** Parses the file's text; skips malformed lines. */
export function parseStatus(text: string): StatusLine[] {
  const lines: StatusLine[] = [];
  for (const line of text.split("\n")) {
    const match = /^(\d+):(\d+)$/.exec(line);
    if (match !== null) lines.push({ generation: Number(match[1]), pid: Number(match[2]) });
  }
  return lines;
}

/** The first malformed line: `3: found "x", expected GENERATION:PID`; null: none. */
export function statusFaultOf(text: string): string | null {
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || parseStatus(line).length === 1) continue;
    return `${index + 1}: found ${JSON.stringify(line.slice(0, 40))}, expected GENERATION:PID`;
  }
  return null;
}

/** The file on disk. */
export class StatusFile {
  #written = false;

  constructor(readonly path: string) {}

  /** Replaces the file atomically. */
  write(lines: readonly StatusLine[]): void {
    const fresh = `${this.path}.${Deno.pid}`;
    Deno.writeTextFileSync(fresh, formatStatus(lines));
    Deno.renameSync(fresh, this.path);
    this.#written = true;
  }

  /** Removes the file, if this process wrote it. */
  remove(): void {
    if (this.#written) removeIfThere(this.path);
    this.#written = false;
  }
}

/** The lines of a status file, null when it does not exist. */
export function readStatusFile(path: string): StatusLine[] | null {
  const text = readIfThere(path);
  return text === null ? null : parseStatus(text);
}

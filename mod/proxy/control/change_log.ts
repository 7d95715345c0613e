/**
 * The last changes of a running proxy, by operators and by reloads: what an operator reads first
 * when something is not as it was.
 */
import { amount, flag, list, record, type Shape, text } from "../../base/shape.ts";
import { shortLine } from "../../base/short_line.ts";

/** One change. */
export interface ChangeRecord {
  /** Wall-clock time, in milliseconds. */
  readonly atMs: number;
  /** `root`, `10.0.0.7`, or why the configuration was read again. */
  readonly who: string;
  /** "" for the whole configuration. */
  readonly upstream: string;
  /** As configured; "" for the whole upstream. */
  readonly server: string;
  /** `weight 1 -> 5`. */
  readonly what: string;
  /** It was refused, and nothing has changed. */
  readonly isRefused: boolean;
}

/** How many are kept. */
export const changesMax = 100;

/** Most characters of a text that is kept: reasons may quote a configuration. */
const charsMax = 300;

export const changeRecords: Shape = list(record<ChangeRecord>({
  atMs: amount,
  who: text,
  upstream: text,
  server: text,
  what: text,
  isRefused: flag,
}));

export class ChangeLog {
  #records: ChangeRecord[] = [];

  /** The newest last; at most `changesMax`. */
  get records(): readonly ChangeRecord[] {
    return this.#records;
  }

  note(change: Omit<ChangeRecord, "atMs">): void {
    const cut = (text: string) => shortLine(text, charsMax);
    const { upstream, isRefused } = change;
    this.#keep([...this.#records, {
      atMs: Date.now(),
      who: cut(change.who),
      upstream,
      server: cut(change.server),
      what: cut(change.what),
      isRefused,
    }]);
  }

  /** `why` the configuration was read again. `fault`: why it is not used; null: it is in force. */
  noteReload(why: string, fault: string | null): void {
    const what = fault === null
      ? "a new configuration is in force"
      : `the new configuration was refused: ${fault}`;
    this.note({ who: why, upstream: "", server: "", what, isRefused: fault !== null });
  }

  /** Continues from the changes of an earlier process. */
  restore(earlier: readonly ChangeRecord[]): void {
    // The file is ours, but a hand may have edited it, and ctl writes these to a terminal.
    const clean = (text: string) => shortLine(text, charsMax + 3);
    const cleaned = earlier.slice(-changesMax).map((one) => ({
      ...one,
      who: clean(one.who),
      upstream: clean(one.upstream),
      server: clean(one.server),
      what: clean(one.what),
    }));
    this.#keep([...cleaned, ...this.#records]);
  }

  #keep(records: readonly ChangeRecord[]): void {
    this.#records = records.slice(-changesMax);
  }
}

/** What differs between two views of a server, as the API shows them; "" when nothing does. */
export function describeChange(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string {
  return Object.keys({ ...before, ...after }).flatMap((name) => {
    // A server that is not draining has no such field.
    const [from, to] = [before[name] ?? false, after[name] ?? false];
    if (from === to) return [];
    if (name === "down") return [to === true ? "taken down" : "no longer down"];
    if (name === "drain") return [to === true ? "drained" : "no longer draining"];
    return [`${name} ${JSON.stringify(from)} -> ${JSON.stringify(to)}`];
  }).join(", ");
}

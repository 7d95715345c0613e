/** The `_redirects` and `_headers` of a root: read at the start, and again when they change. */
import { systemReason } from "../../../base/errors.ts";
import { type FileOpener, type OpenFault, type OpenFile } from "../../../static/mod.ts";
import { type PathWatch, watchPath } from "../../../static/path_watch.ts";
import { HeaderRules } from "./header_rules.ts";
import { Redirects } from "./redirects.ts";
import { type Faults, ruleFileBytesMax } from "./rule_text.ts";

/** How long the files are used without a look at them. */
const recheckMs = 1000;
/** Further faults of a file are counted. */
const faultLinesMax = 20;

/** Names that are not served. */
export const ruleFileNames: ReadonlySet<string> = new Set(["_redirects", "_headers"]);

/** Where the reading reports to. */
export interface RuleLog {
  info(text: string): void;
  warn(text: string): void;
}

export class RuleFiles {
  readonly #redirects: RuleFile<Redirects>;
  readonly #headers: RuleFile<HeaderRules>;
  #checkedMs = -Infinity;

  constructor(root: string, opener: FileOpener, outsideLinks: boolean, log: RuleLog) {
    const parts = { root: root.replace(/\/+$/, ""), opener, outsideLinks, log };
    this.#redirects = new RuleFile("_redirects", Redirects.parse, parts);
    this.#headers = new RuleFile("_headers", HeaderRules.parse, parts);
  }

  /** null: no file, or no rule in it. */
  get redirects(): Redirects | null {
    return this.#redirects.rules;
  }

  get headers(): HeaderRules | null {
    return this.#headers.rules;
  }

  /** Once a second: reads what has changed. True: there are other rules now. */
  refresh(nowMs: number): boolean {
    if (nowMs - this.#checkedMs < recheckMs) return false;
    this.#checkedMs = nowMs;
    const areOthers = this.#redirects.refresh();
    return this.#headers.refresh() || areOthers;
  }
}

interface RuleFileParts {
  readonly root: string;
  readonly opener: FileOpener;
  readonly outsideLinks: boolean;
  readonly log: RuleLog;
}

/** One of the files. */
class RuleFile<Rules extends { readonly count: number }> {
  readonly #path: string;
  readonly #parse: (text: string, faults: Faults) => Rules;
  readonly #parts: RuleFileParts;
  #watch: PathWatch | null = null;
  /** null: there is no file. */
  #text: string | null = null;
  rules: Rules | null = null;

  constructor(name: string, parse: (text: string, faults: Faults) => Rules, parts: RuleFileParts) {
    this.#path = `${parts.root}/${name}`;
    this.#parse = parse;
    this.#parts = parts;
  }

  refresh(): boolean {
    if (this.#watch?.isCurrent()) return false;
    const isFirst = this.#watch === null;
    // Before the reading, so that a change in between is noticed later.
    this.#watch = watchPath(this.#path);
    const text = this.#read();
    if (text === undefined || text === this.#text) return false;
    this.#text = text;
    const faults: Faults = [];
    const rules = text === null ? null : this.#parse(text, faults);
    this.rules = rules === null || rules.count === 0 ? null : rules;
    this.#report(faults, isFirst);
    return true;
  }

  #report(faults: Faults, isFirst: boolean): void {
    const { log } = this.#parts;
    for (const fault of faults.slice(0, faultLinesMax)) {
      log.warn(`${this.#path}:${fault}; the line is ignored`);
    }
    const more = faults.length - faultLinesMax;
    if (more > 0) log.warn(`${this.#path}: ${more} more lines are ignored`);
    if (!isFirst) log.info(`${this.#path} has changed: ${this.rules?.count ?? 0} rules`);
  }

  /** null: there is no file; undefined: it could not be read, so the rules stay. */
  #read(): string | null | undefined {
    const opened = this.#open();
    if (opened === "absent") return null;
    if (typeof opened === "string") {
      this.#parts.log.warn(`${this.#path}: ${faultTexts[opened]}; it is ignored`);
      return null;
    }
    try {
      if (opened.size > ruleFileBytesMax) {
        const sizeMax = `${ruleFileBytesMax >> 20} MiB`;
        this.#parts.log.warn(`${this.#path}: larger than ${sizeMax}; it is ignored`);
        return null;
      }
      return textOf(opened);
    } finally {
      opened.close();
    }
  }

  #open(): OpenFile | OpenFault {
    const { opener, outsideLinks, root, log } = this.#parts;
    try {
      return opener.open(this.#path, outsideLinks ? null : Deno.realPathSync(root || "/"));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        log.warn(`${this.#path}: ${systemReason(error)}; it is ignored`);
      }
      return "absent";
    }
  }
}

const faultTexts: Readonly<Record<OpenFault, string>> = {
  absent: "no such file",
  denied: "may not be read",
  folder: "is a folder",
  special: "is not a file",
  outside: "is a link out of the folder",
};

/** undefined: its size changes while it is read. */
function textOf(file: OpenFile): string | undefined {
  const bytes = new Uint8Array(file.size);
  for (let length = 0; length < bytes.length;) {
    const count = file.readAt(length, bytes, length, bytes.length);
    if (count <= 0) return undefined;
    length += count;
  }
  return new TextDecoder().decode(bytes);
}

/**
 * What a process without root may ask its parent for. A grant names one thing exactly; the parent
 * compares, and interprets no pattern.
 */
import { type Address, formatAddress } from "../../base/address.ts";
import { fromStartFolder } from "../working_folder.ts";

/**
 * `read`: the file's content. `replace`: to put another file in its place. `readIn`: any file
 * directly in a folder. `append`: to write a log file, and to rotate it. `run`: the command of a log.
 * `listen`: to bind an address. `control`: to bind a socket beside a path and rename it over that.
 */
export type GrantKind = "read" | "replace" | "readIn" | "append" | "run" | "listen" | "control";

/** `KIND SUBJECT`, as it is sent and compared. */
export type Grant = string;

export function grantOf(kind: GrantKind, subject: string): Grant {
  return `${kind} ${subject}`;
}

/** Collects the grants of a configuration. Paths may be relative to the folder of the start. */
export class GrantList {
  readonly #grants = new Set<Grant>();

  get all(): readonly Grant[] {
    return [...this.#grants];
  }

  /** `paths`: null and undefined are left out. */
  read(...paths: readonly (string | null | undefined)[]): void {
    for (const path of paths) if (path) this.#add("read", fromStartFolder(path));
  }

  /** A file that this process keeps for itself. */
  keep(path: string): void {
    this.read(path);
    this.#add("replace", fromStartFolder(path));
  }

  readIn(folder: string): void {
    this.#add("readIn", fromStartFolder(folder));
  }

  append(path: string): void {
    this.#add("append", fromStartFolder(path));
  }

  run(command: string): void {
    this.#add("run", command);
  }

  listen(address: Address): void {
    this.#add("listen", addressSubject(address));
  }

  control(path: string): void {
    this.#add("control", fromStartFolder(path));
  }

  #add(kind: GrantKind, subject: string): void {
    this.#grants.add(grantOf(kind, subject));
  }
}

/** An address as a grant names it. */
export function addressSubject(address: Address): string {
  return address.kind === "unix" ? fromStartFolder(address.path) : formatAddress(address);
}

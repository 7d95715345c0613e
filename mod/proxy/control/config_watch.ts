/** `--watch`: reloads when a file of the configuration changes, or tells the supervisor what to watch. */
import {
  changedText,
  filesNow,
  FileWatch,
  type WatchedFile,
} from "../../process/files/file_watch.ts";
import { notify } from "../../process/handover/readiness.ts";
import { watchField } from "../../process/handover/watch_field.ts";

export class ConfigWatch {
  /** Who watches: this process, its supervisor, the parent that keeps root for it, or nobody. */
  readonly #who: "self" | "supervisor" | "keeper" | "nobody";
  /** What the last attempt to load the configuration has read. */
  #files: WatchedFile[] = [];
  #watch: FileWatch | null = null;

  constructor(isWanted: boolean, hasSupervisor: boolean, hasKeeper: boolean) {
    const parent = hasSupervisor ? "supervisor" : hasKeeper ? "keeper" : null;
    this.#who = !isWanted ? "nobody" : parent ?? "self";
  }

  /** Call it before the configuration is read, and `onRead` before each of its files. */
  beginLoad(): void {
    this.#files = [];
  }

  readonly onRead = (path: string): void => {
    if (this.#who !== "nobody") this.#files.push(...filesNow([path]));
  };

  /** The configuration that was read last serves. `reload` gets one line on what has changed. */
  serves(reload: (why: string) => void): void {
    if (this.#who === "keeper") notify(watchField(this.#files));
    if (this.#who !== "self") return;
    this.#watch ??= new FileWatch((paths) => reload(changedText(paths)));
    this.#watch.set(this.#files);
  }

  /** The configuration that was read last cannot serve: a change in it is a reason to try again. */
  failed(): void {
    this.#watch?.add(this.#files);
    if (this.#isWatchedByParent && this.#files.length > 0) notify(watchField(this.#files));
  }

  /** Fields for the readiness message. */
  readyFields(): string[] {
    return this.#isWatchedByParent ? [watchField(this.#files)] : [];
  }

  get #isWatchedByParent(): boolean {
    return this.#who === "supervisor" || this.#who === "keeper";
  }

  close(): void {
    this.#watch?.close();
  }
}

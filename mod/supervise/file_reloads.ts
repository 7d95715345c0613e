/** `--watch`: a changed file starts a new generation, as HUP does. */
import { changedText, filesNow, FileWatch, type WatchedFile } from "../process/files/file_watch.ts";
import { fromStartFolder } from "../process/working_folder.ts";

export interface FileReloadParts {
  /** Files that are watched whatever the workers say. */
  readonly always: readonly string[];
  /** Called with one line on what has changed. */
  onChange(text: string): void;
}

export class FileReloads {
  readonly #watch: FileWatch;
  readonly #always: readonly WatchedFile[];

  constructor({ always, onChange }: FileReloadParts) {
    this.#always = filesNow(always.map(fromStartFolder));
    this.#watch = new FileWatch((paths) => onChange(changedText(paths)));
    this.#watch.add(this.#always);
  }

  /**
   * What a worker has read. One that serves has the last word; the files of one that failed count
   * besides, since the mistake may be in any of them.
   */
  onFiles(files: readonly WatchedFile[], ready: boolean): void {
    if (files.length === 0) return;
    if (!ready) return this.#watch.add(files);
    this.#watch.set(files);
    this.#watch.add(this.#always);
  }

  close(): void {
    this.#watch.close();
  }
}

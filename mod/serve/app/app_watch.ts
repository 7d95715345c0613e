/** `--watch`: the files of the app, for this process or for its supervisor to watch. */
import {
  changedText,
  filesNow,
  FileWatch,
  type WatchedFile,
} from "../../process/files/file_watch.ts";
import { notify } from "../../process/handover/readiness.ts";
import { watchField } from "../../process/handover/watch_field.ts";
import type { AppPlan, ServePlan } from "../plan/plan.ts";

export class AppWatch {
  readonly #app: AppPlan;
  readonly #hasSupervisor: boolean;
  #files: readonly WatchedFile[];
  #watch: FileWatch | null = null;

  private constructor(app: AppPlan, hasSupervisor: boolean, files: readonly WatchedFile[]) {
    this.#app = app;
    this.#hasSupervisor = hasSupervisor;
    this.#files = files;
  }

  /** Call it before the app is loaded. null: not wanted, or nothing could change. */
  static async of({ app, watch }: ServePlan, hasSupervisor: boolean): Promise<AppWatch | null> {
    if (!watch || app.kind !== "script") return null;
    return new AppWatch(app, hasSupervisor, await filesOf(app));
  }

  /** Watches; `reload` gets one line on what has changed. */
  start(reload: (why: string) => void): void {
    if (this.#hasSupervisor) return;
    const watch = this.#watch = new FileWatch((paths) => {
      // Another module may be imported by now, and an edit that does not parse imports nothing.
      void filesOf(this.#app).then((files) => watch.add(files));
      reload(changedText(paths));
    });
    watch.set(this.#files);
  }

  /** Fields for the readiness message. */
  readyFields(): string[] {
    return this.#hasSupervisor ? [watchField(this.#files)] : [];
  }

  /** The app could not be loaded: a change in its files is a reason to try again. */
  failed(): void {
    if (this.#hasSupervisor) notify(watchField(this.#files));
  }

  close(): void {
    this.#watch?.close();
  }
}

/** The linker or a parser is loaded only for this. */
async function filesOf(app: AppPlan): Promise<readonly WatchedFile[]> {
  if (app.kind !== "script") return [];
  const { appFiles } = await import("../../script/app_files.ts");
  return filesNow(await appFiles(realPath(app.path)));
}

/** A missing file is watched, too: its error is reported where it is loaded. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
}

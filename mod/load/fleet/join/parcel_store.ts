/** The coordinator's files on a machine: under a folder of their own, at the same paths below it. */
import { StartError, systemReason } from "../../../base/errors.ts";
import { processExists } from "../../../process/signals/signals.ts";
import { dirname, join } from "../../../std/path.ts";

/** Memory first: keys of client certificates may be among the files. */
const places = ["/dev/shm", "/tmp", "/var/tmp", "."] as const;
const namePrefix = "hayate-load-";

export class ParcelStore {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** Throws `StartError` when nothing can be written anywhere. */
  static open(): ParcelStore {
    const reasons: string[] = [];
    for (const place of places) {
      try {
        removeLeftovers(place);
        const root = Deno.makeTempDirSync({ dir: place, prefix: `${namePrefix}${Deno.pid}-` });
        return new ParcelStore(Deno.realPathSync(root));
      } catch (error) {
        reasons.push(`${place}: ${systemReason(error)}`);
      }
    }
    throw new StartError(`no folder for the files of the run: ${reasons.join("; ")}`);
  }

  /** Where the coordinator's absolute `path` is here. */
  pathOf(path: string): string {
    return `${this.root}${join("/", path)}`;
  }

  /** Adds bytes to a file. Throws `StartError`. */
  append(path: string, bytes: Uint8Array): void {
    this.#write(path, (place) => Deno.writeFileSync(place, bytes, { append: true, mode: 0o600 }));
  }

  /** Throws `StartError`. */
  link(path: string, target: string): void {
    this.#write(path, (place) => Deno.symlinkSync(this.pathOf(target), place));
  }

  /** A folder may be missing at the coordinator's path, when no file lies in it. Throws `StartError`. */
  enter(folder: string): void {
    const place = this.pathOf(folder);
    Deno.mkdirSync(place, { recursive: true });
    Deno.chdir(place);
  }

  /** The user's names of files, in a message that has ours. */
  unmask(message: string): string {
    return message.replaceAll(this.root, "");
  }

  remove(): void {
    try {
      Deno.chdir("/");
      Deno.removeSync(this.root, { recursive: true });
    } catch (error) {
      // Someone else has removed it.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #write(path: string, act: (place: string) => void): void {
    const place = this.pathOf(path);
    try {
      Deno.mkdirSync(dirname(place), { recursive: true });
      act(place);
    } catch (cause) {
      throw new StartError(`${path}: cannot be stored: ${systemReason(cause)}`, 1, { cause });
    }
  }
}

/** Folders of machines that were killed. */
function removeLeftovers(place: string): void {
  for (const { name } of Deno.readDirSync(place)) {
    const pid = new RegExp(`^${namePrefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || processExists(Number(pid))) continue;
    try {
      Deno.removeSync(`${place}/${name}`, { recursive: true });
    } catch (error) {
      // Another user's, or removed meanwhile; processes of other containers are not seen either.
      if (error instanceof TypeError) throw error;
    }
  }
}

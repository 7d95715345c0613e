/** The command's side of a request: one command at a time asks a worker. */
import { StartError, systemReason } from "../../base/errors.ts";
import { ifThere, RequestFolder } from "./request.ts";
import type { ProfiledProcess } from "./target.ts";

/** How often another command may remove the folder just when it is about to be taken. */
const triesMax = 10;
const takenText = "another profile of it is being taken; try again when it is done";

/**
 * The right to ask a worker: its folder, locked (flock(2)). The lock ends with the process, so that
 * a command that was killed is in nobody's way.
 */
export class Claim implements Disposable {
  private constructor(readonly folder: RequestFolder, readonly lock: Deno.FsFile) {}

  /** Rejects with `StartError`. */
  static async of({ pid, innerPid, root }: ProfiledProcess): Promise<Claim> {
    const faults: string[] = [];
    for (const folder of RequestFolder.places(innerPid, root)) {
      try {
        const lock = await take(folder);
        if (lock === "foreign") faults.push(`${folder.path} is another user's`);
        else if (lock !== "taken") return new Claim(folder, lock);
        else throw new StartError(`process ${pid}: ${takenText}`);
      } catch (error) {
        if (error instanceof StartError) throw error;
        faults.push(`${folder.path}: ${systemReason(error)}`);
      }
    }
    throw new StartError(`process ${pid}: no folder for the request: ${faults.join("; ")}`);
  }

  /** Throws `StartError`. */
  write(request: string): void {
    try {
      Deno.writeTextFileSync(this.folder.request, request, { mode: 0o600 });
    } catch (error) {
      const reason = systemReason(error);
      throw new StartError(`${this.folder.request}: ${reason}`, 1, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    ifThere(() => Deno.removeSync(this.folder.path, { recursive: true }));
    this.lock.close();
  }
}

/** Makes and locks the folder. */
async function take(folder: RequestFolder): Promise<Deno.FsFile | "foreign" | "taken"> {
  for (let i = 0; i < triesMax; i++) {
    makeFolder(folder.path);
    if (!folder.isPrivate()) return "foreign";
    const lock = ifThere(() => Deno.openSync(folder.path));
    if (lock === null) continue;
    if (!await lock.tryLock(true)) {
      lock.close();
      return "taken";
    }
    if (ifThere(() => Deno.lstatSync(folder.path))?.ino === lock.statSync().ino) {
      // Of a command that was killed.
      for (const { name } of Deno.readDirSync(folder.path)) {
        Deno.removeSync(`${folder.path}/${name}`);
      }
      return lock;
    }
    lock.close();
  }
  return "taken";
}

function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

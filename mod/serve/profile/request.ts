/**
 * How `hayate serve profile` asks a worker: it writes a request into a folder that only its user may
 * enter, and sends USR2; the worker writes the profile beside it.
 *
 * Whoever can do that could also trace the process (ptrace(2)), so nobody gains anything by it.
 */

export const profileSignal = "USR2";

/** In memory first: a read-only container has nothing else. */
const parents: readonly string[] = ["/dev/shm", "/tmp"];
const requestBytesMax = 1000;
export const secondsMax = 600;

export interface ProfileRequest {
  /** 16 hexadecimal digits; names the answer. */
  readonly id: string;
  readonly seconds: number;
  /** Microseconds between two samples. */
  readonly intervalUs: number;
}

/** Where the answer to a request is written. */
export interface AnswerFiles {
  readonly profile: string;
  /** In place of a profile: one line. */
  readonly fault: string;
}

/** The files of the requests to one worker. */
export class ProfileFiles {
  readonly folder: string;
  /** The request that the worker has not read yet. */
  readonly request: string;

  private constructor(folder: string, pid: number) {
    this.folder = folder;
    this.request = `${folder}/${pid}.request`;
  }

  answerTo({ id }: ProfileRequest): AnswerFiles {
    return { profile: `${this.folder}/${id}.cpuprofile`, fault: `${this.folder}/${id}.fault` };
  }

  /**
   * Where they may be. `pid` is the worker's in its own namespace; `root` the path of its root folder
   * as this process sees it, "" for the same one.
   */
  static places(pid: number, uid: number, root = ""): ProfileFiles[] {
    return parents.map((parent) => new ProfileFiles(`${root}${parent}/hayate-profile-${uid}`, pid));
  }

  /** Nobody else has made the folder or can look into it. */
  isPrivate(uid: number): boolean {
    try {
      const info = Deno.lstatSync(this.folder);
      return info.isDirectory && info.uid === uid && ((info.mode ?? 0) & 0o77) === 0;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /** Takes the request away; null: there is none, or it is not one. */
  takeRequest(): ProfileRequest | null {
    try {
      const { isFile, size } = Deno.lstatSync(this.request);
      if (!isFile || size > requestBytesMax) return null;
      const text = Deno.readTextFileSync(this.request);
      Deno.removeSync(this.request);
      return readRequest(text);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }
}

function readRequest(text: string): ProfileRequest | null {
  try {
    const { id, seconds, intervalUs } = JSON.parse(text) as Partial<Record<string, unknown>>;
    return typeof id === "string" && /^[0-9a-f]{16}$/.test(id) &&
        typeof seconds === "number" && seconds > 0 && seconds <= secondsMax &&
        typeof intervalUs === "number" && intervalUs >= 100 && intervalUs <= 100_000
      ? { id, seconds, intervalUs }
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

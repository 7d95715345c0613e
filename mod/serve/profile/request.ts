/**
 * How `hayate serve profile` asks a worker: it makes a folder that only its user may enter, writes a
 * request into it and sends USR2; the worker writes the profile beside it. Nothing listens.
 *
 * Whoever can do that could also trace the process (ptrace(2)), so nobody gains anything by it.
 */
import { matching, readShaped, record, whole } from "../../base/shape.ts";

export const profileSignal = "USR2";

/** In memory first: a read-only container has nothing else. */
const parents: readonly string[] = ["/dev/shm", "/tmp"];
const requestBytesMax = 1000;

export const durationMsRange = { min: 100, max: 600_000 } as const;
export const intervalUsRange = { min: 100, max: 100_000 } as const;

export interface ProfileRequest {
  /** 16 hexadecimal digits; names the answer. */
  readonly id: string;
  readonly durationMs: number;
  /** Microseconds between two samples. */
  readonly intervalUs: number;
}

const shape = record<ProfileRequest>({
  id: matching("16 hexadecimal digits", (id) => /^[0-9a-f]{16}$/.test(String(id))),
  durationMs: whole(durationMsRange.min, durationMsRange.max),
  intervalUs: whole(intervalUsRange.min, intervalUsRange.max),
});

/** Where the answer to a request is written. */
export interface AnswerFiles {
  readonly profile: string;
  /** In place of a profile: one line. */
  readonly fault: string;
}

/** The folder of the one request to a worker. */
export class RequestFolder {
  readonly path: string;
  /** There as long as somebody waits for the answer. */
  readonly request: string;

  private constructor(path: string) {
    this.path = path;
    this.request = `${path}/request`;
  }

  answerTo({ id }: ProfileRequest): AnswerFiles {
    return { profile: `${this.path}/${id}.cpuprofile`, fault: `${this.path}/${id}.fault` };
  }

  /**
   * Where it may be. `pid` is the worker's in its own namespace; `root` the path of its root folder
   * as this process sees it, "" for the same one.
   */
  static places(pid: number, root = ""): RequestFolder[] {
    return parents.map((parent) => new RequestFolder(`${root}${parent}/hayate-profile-${pid}`));
  }

  /** Our user has made the folder, and nobody else can look into it. */
  isPrivate(): boolean {
    const info = ifThere(() => Deno.lstatSync(this.path));
    return info !== null && info.isDirectory && info.uid === Deno.uid() &&
      ((info.mode ?? 0) & 0o77) === 0;
  }

  /** null: there is none, or it is not one. */
  read(): ProfileRequest | null {
    const info = ifThere(() => Deno.lstatSync(this.request));
    if (info === null || !info.isFile || info.size > requestBytesMax) return null;
    const text = ifThere(() => Deno.readTextFileSync(this.request));
    const read = text === null ? "" : readShaped<ProfileRequest>(text, shape, "the request");
    return typeof read === "string" ? null : read.value;
  }
}

/** null where the file or folder does not exist. */
export function ifThere<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

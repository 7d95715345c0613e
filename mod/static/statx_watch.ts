import { pathStateWords, readPathState } from "../sys/path_state.ts";
import { type PathWatch, settledMs } from "./path_watch.ts";

const encoder = new TextEncoder();
const now = new Uint32Array(pathStateWords);

/** Uses statx(2): one system call without an allocation. */
export class StatxWatch implements PathWatch {
  readonly path: string;
  readonly #bytes: Uint8Array;
  readonly #state = new Uint32Array(pathStateWords);
  readonly #isSettled: boolean;

  constructor(path: string) {
    this.path = path;
    this.#bytes = encoder.encode(path + "\0");
    const changedMs = readPathState(this.#bytes, this.#state);
    this.#isSettled = Date.now() - changedMs >= settledMs;
  }

  isCurrent(): boolean {
    if (!this.#isSettled) return false;
    readPathState(this.#bytes, now);
    for (let i = 0; i < pathStateWords; i++) if (now[i] !== this.#state[i]) return false;
    return true;
  }
}

/** What scripts see of a thread, in the main thread (`setup`, `done`) and in itself. */

/** A value that threads can hand to each other. */
export type Variables = Record<string, unknown>;

/** wrk's thread object in the main thread. */
export class MainThreadHandle {
  readonly index: number;
  /** `ip:port` that all connections of the thread go to; null: every address of the URL's host. */
  addr: string | null = null;
  /** Set before the thread starts, and what it left when it ended. */
  variables: Variables = {};
  #stop: () => void = () => {};

  /** `index` from 0 on. */
  constructor(index: number) {
    this.index = index;
  }

  get = (name: string): unknown => this.variables[name];

  set = (name: string, value: unknown): void => {
    // Fails here, in the user's line, and not later when the thread starts.
    this.variables[name] = structuredClone(value);
  };

  stop = (): void => this.#stop();

  onStop(stop: () => void): void {
    this.#stop = stop;
  }
}

const own = globalThis as unknown as Variables;

/** `wrk.thread` in the thread itself. Its variables are the script's global variables. */
export class OwnThreadHandle {
  readonly index: number;
  readonly addr: string | null;
  readonly stop: () => void;
  readonly #names = new Set<string>();
  readonly #before = new Set(Object.getOwnPropertyNames(globalThis));

  constructor(index: number, addr: string | null, stop: () => void) {
    this.index = index;
    this.addr = addr;
    this.stop = stop;
  }

  get = (name: string): unknown => own[name];

  set = (name: string, value: unknown): void => {
    this.#names.add(name);
    own[name] = value;
  };

  /** Everything that the script has left in global variables and that can be handed over. */
  collect(): Variables {
    const result: Variables = {};
    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !this.#before.has(name));
    for (const name of new Set([...this.#names, ...added])) {
      const value = own[name];
      if (name === "wrk" || typeof value === "function") continue;
      try {
        result[name] = structuredClone(value);
      } catch (error) {
        // What cannot be handed over, such as a socket, stays where it is.
        if (!(error instanceof DOMException)) throw error;
      }
    }
    return result;
  }
}

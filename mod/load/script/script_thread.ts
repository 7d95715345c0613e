/** The thread objects that scripts get, in the main thread (`setup`, `done`) and in the thread itself. */

/** Values that can be passed between threads. */
export type Variables = Record<string, unknown>;

/** wrk's thread object in the main thread. */
export class MainThreadHandle {
  readonly index: number;
  /** `ip:port` that all connections of the thread go to; null: every address of the URL's host. */
  addr: string | null = null;
  /** Set before the thread starts; after its end, its final variables. */
  variables: Variables = {};
  #stop: () => void = () => {};

  /** `index` from 0 on. */
  constructor(index: number) {
    this.index = index;
  }

  get = (name: string): unknown => this.variables[name];

  set = (name: string, value: unknown): void => {
    // Fails here, at the user's line, rather than later when the thread starts.
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

  /** All global variables of the script that can be cloned. */
  collect(): Variables {
    const result: Variables = {};
    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !this.#before.has(name));
    for (const name of new Set([...this.#names, ...added])) {
      const value = own[name];
      if (name === "wrk" || typeof value === "function") continue;
      try {
        result[name] = structuredClone(value);
      } catch (error) {
        // Values that cannot be cloned, such as a socket, are skipped.
        if (!(error instanceof DOMException)) throw error;
      }
    }
    return result;
  }
}

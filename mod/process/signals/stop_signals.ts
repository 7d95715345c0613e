/** TERM and INT: the first one starts a graceful stop, a second one stops at once. */
import { addSignalListener } from "./signals.ts";

/**
 * Ctrl-C sends INT to every process of a terminal's group, and a supervisor in that group also sends
 * TERM to its children. Both within this time count as one signal.
 */
const togetherMs = 250;

export interface StopListener {
  onFirst(name: string): void;
  /** Called for a second signal, and for QUIT. */
  onAtOnce(name: string): void;
}

/** `hasSupervisor`: the parent forwards its own signals to this process. */
export function listenForStop(hasSupervisor: boolean, listener: StopListener): void {
  let firstMs = NaN;
  for (const name of ["TERM", "INT"]) {
    addSignalListener(name, () => {
      const nowMs = performance.now();
      if (Number.isNaN(firstMs)) {
        firstMs = nowMs;
        listener.onFirst(name);
      } else if (!hasSupervisor || nowMs - firstMs > togetherMs) listener.onAtOnce(`${name} again`);
    });
  }
  addSignalListener("QUIT", () => listener.onAtOnce("QUIT"));
}

/** `received INT again, ending at once: 2 requests are cut`. */
export function atOnceText(name: string, cutCount: number): string {
  const what = cutCount === 1 ? "1 request is cut" : `${cutCount} requests are cut`;
  return `received ${name}, ending at once${cutCount === 0 ? "" : `: ${what}`}`;
}

/** TERM and INT: the first one asks for an end without loss, another one for an end at once. */
import { addSignalListener } from "./signals.ts";

/**
 * Ctrl-C reaches every process of a terminal's group, and a supervisor among them sends TERM to its
 * children besides. Both together are one wish.
 */
const togetherMs = 250;

export interface StopListener {
  onFirst(name: string): void;
  /** Also for QUIT. */
  onAtOnce(name: string): void;
}

/** `hasSupervisor`: whoever started us passes its own signals on to us. */
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

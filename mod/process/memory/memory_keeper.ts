/** Gives memory back that a flood of clients has left behind. */
import { trimMemory } from "../../sys/memory_trim.ts";
import { readProcessUse, suggestCollection } from "./memory.ts";
import { ReleasePlan } from "./release_plan.ts";

/** One sample costs some 0.1 ms, so an idle process spends 0.002 % of a core on them. */
const sampleMs = 5_000;

/** Whose memory it is. */
export interface MemoryOwner {
  /** Open connections of clients. */
  connectionCount(): number;
  /** Drops what is kept for reuse: it was made for more clients than there are. */
  releaseSpare(): void;
}

/** A process that clients do not reach, or not in numbers. */
const noClients: MemoryOwner = { connectionCount: () => 0, releaseSpare() {} };

/**
 * Watches this process's memory for as long as it lives, without keeping it alive. After a flood, V8
 * has garbage that no allocation makes it collect, and malloc(3) has free blocks between live ones;
 * neither gives them up while the process is idle. Does nothing where the system does not tell the
 * process's memory.
 */
export function keepMemory(owner: MemoryOwner = noClients): void {
  if (readProcessUse() === null) return;
  const plan = new ReleasePlan();
  const look = () => {
    const use = readProcessUse();
    if (use === null) return;
    const connectionCount = owner.connectionCount();
    const step = plan.next({ ...use, nowMs: performance.now(), connectionCount });
    if (step === "collect") {
      owner.releaseSpare();
      suggestCollection();
    } else if (step === "trim") {
      void trimMemory();
    }
  };
  look();
  Deno.unrefTimer(setInterval(look, sampleMs));
}

/** What one machine contributed to a run that several have sent. */
import type { LoadResult } from "./result.ts";

export interface MachineShare {
  /** As the user or the engine calls it. */
  readonly name: string;
  /** As it calls itself. */
  readonly hostName: string;
  /** Its clock minus that of the coordinator, in milliseconds, and by how much that may be wrong. */
  readonly clockOffsetMs: number;
  readonly clockErrorMs: number;
  /** How much later than agreed it began, in milliseconds. */
  readonly startedLateMs: number;
  /** Why it was lost; null: it was not. */
  readonly lost: string | null;
  /** null when it was lost. */
  readonly result: LoadResult | null;
}

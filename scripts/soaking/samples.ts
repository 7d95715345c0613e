/** Resources of the appliance's processes, from proc(5). */
import { descendantPids, isGone } from "../../tests/support/child.ts";
import type { Sample } from "./verdict.ts";

/** Samples the supervisor and all its descendants. */
export function takeSample(supervisorPid: number): Sample {
  const below = descendantPids(supervisorPid);
  return {
    atMs: Date.now(),
    processes: 1 + below.length,
    supervisorDescriptors: descriptorsOf(supervisorPid),
    supervisorBytes: residentBytes(supervisorPid),
    descriptors: below.reduce((total, pid) => total + descriptorsOf(pid), 0),
    bytes: below.reduce((total, pid) => total + residentBytes(pid), 0),
  };
}

function descriptorsOf(pid: number): number {
  try {
    return Array.from(Deno.readDirSync(`/proc/${pid}/fd`)).length;
  } catch (error) {
    if (!isGone(error)) throw error;
    return 0;
  }
}

/** Private memory only: memory shared between processes, mostly the program, is not counted. */
function residentBytes(pid: number): number {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
    const of = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
    return (of("Private_Clean") + of("Private_Dirty")) * 1024;
  } catch (error) {
    if (!isGone(error)) throw error;
    return 0;
  }
}

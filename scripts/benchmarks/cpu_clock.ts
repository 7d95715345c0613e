/** The CPU time of another process, to the nanosecond: /proc counts hundredths of a second. */

const libc = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});

/** Seconds and nanoseconds. */
const time = new BigInt64Array(2);

/**
 * CPU microseconds of all threads of `pid` since its start, those that have ended included; null when
 * it has ended. By the clock that clock_getcpuclockid(3) names.
 */
export function processCpuUs(pid: number): number | null {
  // The pid's complement above three bits, of which 2 is the clock of the scheduler.
  if (libc.symbols.clock_gettime(~pid << 3 | 2, time) !== 0) return null;
  return Number(time[0]) * 1e6 + Number(time[1]) / 1e3;
}

import { libcProcess } from "./libc_process.ts";

const clockMonotonic = 1;

/** CLOCK_MONOTONIC in microseconds (clock_gettime(2)), the clock that systemd uses. */
export function monotonicUs(): bigint {
  const time = new BigInt64Array(2);
  libcProcess.clock_gettime(clockMonotonic, time);
  return time[0] * 1_000_000n + time[1] / 1000n;
}

/** Checks of descriptors, CPUs, memory, threads and libraries. Pure. */
import type { Facts } from "./facts.ts";
import { judgedModes, type Rule } from "./finding.ts";

/** Twice the proxy's max-connections, for client and upstream sides, and some files. */
const filesNeeded = 2 * 1024 + 100;
const filesWanted = 65_536;
/** A process may start with 33 GiB, but can need twice V8's 32 GiB because of alignment. */
const addressSpaceWanted = 80 * 2 ** 30;
/** Resident memory of one busy process, rounded up; 17 MB of it are private when idle. */
const processBytes = 80e6;
/** Deno and V8 start about this many threads in each process. */
const threadsPerProcess = 16;

const openFilesHard: Rule<Facts> = (facts) => {
  const limit = facts.openFiles?.hard ?? Infinity;
  if (limit >= filesWanted) return null;
  return {
    name: "open-files",
    severity: limit < filesNeeded ? "fail" : "warn",
    modes: judgedModes,
    found: `the open-file limit is ${limit} (ulimit -Hn)`,
    effect: `load and each serve worker can hold ${Math.max(0, limit - 50)} connections; ` +
      `proxy ${
        Math.max(0, Math.floor((limit - 50) / 2))
      }, because each also needs one to its upstream`,
    fix: facts.isContainer
      ? ["docker run --ulimit nofile=1048576:1048576 ..."]
      : ["ulimit -Hn 1048576   # as root", "# systemd: LimitNOFILE=1048576"],
  };
};

const stopTime: Rule<Facts> = ({ stop }) => {
  if (stop === null || stop.delayMs + stop.drainMs <= stop.graceMs) return null;
  const seconds = (ms: number) => String(ms / 1000);
  const { engine, graceMs, delayMs, drainMs } = stop;
  const needed = Math.ceil((delayMs + drainMs) / 1000) + 5;
  return {
    name: "stop-time",
    severity: "warn",
    modes: ["serve", "supervise", "proxy"],
    found: `a stop may take ${seconds(delayMs + drainMs)} s (SHUTDOWN_DELAY + DRAIN_TIMEOUT)`,
    effect: `${engine} kills after ${seconds(graceMs)} s unless it is told otherwise: requests ` +
      "in progress are cut",
    fix: engine === "kubernetes"
      ? [`# in the pod's spec: terminationGracePeriodSeconds: ${needed}`]
      : [`${engine} run --stop-timeout ${needed} ...`],
  };
};

const openFilesSoft: Rule<Facts> = (facts) => {
  const limit = facts.openFiles?.soft ?? Infinity;
  if (limit >= 1024) return null;
  return {
    name: "open-files-soft",
    severity: "warn",
    modes: ["load"],
    found: `the open-file limit of this shell is ${limit} (ulimit -Sn)`,
    effect: "hayate raises its own limit to the hard limit; wrk, ab and other programs do not",
    fix: ["ulimit -Sn 65536"],
  };
};

const addressSpace: Rule<Facts> = (facts) => {
  const limit = facts.addressSpaceBytes ?? Infinity;
  if (limit >= addressSpaceWanted) return null;
  return {
    name: "address-space",
    severity: "fail",
    modes: judgedModes,
    found: `the address-space limit is ${(limit / 2 ** 30).toFixed(1)} GiB (ulimit -v)`,
    effect: "V8 reserves 32 GiB of addresses (not memory) in each process; without them it fails " +
      'to start with "Fatal process out of memory: Oilpan: CagedHeap reservation"',
    fix: ["ulimit -v unlimited", "# systemd: LimitAS=infinity"],
  };
};

const cpuQuota: Rule<Facts> = (facts) => {
  const { quota, allowed, throttledPeriods } = facts.cpus;
  if (quota === null || quota >= allowed) return null;
  const share = `${Number(quota.toFixed(2))} CPUs`;
  return {
    name: "cpu-quota",
    severity: throttledPeriods > 0 ? "fail" : "warn",
    modes: judgedModes,
    found: `the cgroup allows ${share} of ${allowed}` +
      (throttledPeriods > 0 ? ` and has throttled ${throttledPeriods} periods` : ""),
    effect:
      "when the quota of a period is used up, all threads stop until the next period, up to " +
      "100 ms later; pin to whole CPUs instead of using a quota",
    fix: [
      `docker run --cpuset-cpus 0-${Math.max(0, Math.ceil(quota) - 1)} ...   # without --cpus`,
    ],
  };
};

const cpuCount: Rule<Facts> = (facts) => {
  if (facts.cpus.allowed > 1) return null;
  return {
    name: "one-cpu",
    severity: "warn",
    modes: ["load"],
    found: "only one CPU is available",
    effect: "load shares it with a server on this machine, and each slows the other down",
    fix: ["# run load on another machine"],
  };
};

const governor: Rule<Facts> = (facts) => {
  if (facts.cpuGovernor !== "powersave") return null;
  return {
    name: "cpu-governor",
    severity: "warn",
    modes: ["load"],
    found: "the CPU frequency governor is powersave",
    effect: "short measurements start at a low clock frequency and vary",
    fix: ["cpupower frequency-set -g performance"],
  };
};

const memory: Rule<Facts> = (facts) => {
  const limit = facts.memory.limitBytes ?? facts.memory.totalBytes;
  if (limit === null) return null;
  const workers = Math.max(
    1,
    Math.ceil(Math.min(facts.cpus.quota ?? Infinity, facts.cpus.allowed)),
  );
  // A supervisor, and two generations of a master with its workers during a restart.
  const needed = (1 + 2 * (1 + workers)) * processBytes;
  if (limit >= needed) return null;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return {
    name: "memory",
    severity: "fail",
    modes: ["serve", "supervise", "proxy"],
    found: `the memory limit is ${megabytes(limit)}`,
    effect: `during a restart, a supervisor and two generations with ${workers} workers need ` +
      `${megabytes(needed)}; beyond the limit the kernel kills a process`,
    fix: facts.memory.limitBytes === null
      ? ["hayate serve --workers 1"]
      : [`docker run --memory ${Math.ceil(needed / 1e6)}m ...`, "hayate serve --workers 1"],
  };
};

const threads: Rule<Facts> = (facts) => {
  const room = facts.threads === null ? Infinity : facts.threads.max - facts.threads.now;
  const needed = (1 + 2 * (1 + facts.cpus.allowed)) * threadsPerProcess;
  if (room >= needed) return null;
  return {
    name: "threads",
    severity: "fail",
    modes: judgedModes,
    found: `the cgroup allows ${room} more threads (pids.max)`,
    effect: `two generations with ${facts.cpus.allowed} workers need ${needed}; a worker that ` +
      "cannot start a thread exits",
    fix: ["docker run --pids-limit 1024 ..."],
  };
};

const ioLimits: Rule<Facts> = (facts) => {
  if (facts.ioLimits.length === 0) return null;
  return {
    name: "io-limits",
    severity: "warn",
    modes: ["serve", "supervise", "proxy"],
    found: `the cgroup limits disk I/O: ${facts.ioLimits.join("; ")}`,
    effect: "uncached files and logs are slowed down",
    fix: ["# docker run without --device-read-bps, --device-write-bps, --device-*-iops"],
  };
};

const libssl: Rule<Facts> = (facts) => {
  if (facts.hasLibssl) return null;
  return {
    name: "libssl",
    severity: "fail",
    modes: ["load", "supervise", "proxy"],
    found: "OpenSSL 3 (libssl.so.3) cannot be loaded",
    effect: "TLS does not work on inherited sockets, so PORTS cannot include 443; otherwise the " +
      "portable reactor is used for https",
    fix: ["apt-get install libssl3   # Debian 12, Ubuntu 22.04; later: libssl3t64"],
  };
};

const hugePages: Rule<Facts> = (facts) => {
  if (facts.hugePages !== "always") return null;
  return {
    name: "huge-pages",
    severity: "warn",
    modes: ["serve", "supervise", "proxy"],
    found: "transparent huge pages are always on",
    effect: "each worker's heap grows in steps of 2 MB, and the kernel pauses it to compact pages",
    fix: [
      "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled" +
      (facts.isContainer ? "   # on the host" : ""),
    ],
  };
};

export const resourceRules: readonly Rule<Facts>[] = [
  openFilesHard,
  addressSpace,
  openFilesSoft,
  cpuQuota,
  cpuCount,
  governor,
  memory,
  threads,
  ioLimits,
  libssl,
  hugePages,
  stopTime,
];

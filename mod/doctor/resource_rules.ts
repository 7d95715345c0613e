/** Judgement on descriptors, CPUs, memory, threads and libraries. Pure. */
import type { Facts } from "./facts.ts";
import { judgedModes, type Rule } from "./finding.ts";

/** The proxy's max-connections twice, for upstreams, and some files. */
const filesNeeded = 2 * 1024 + 100;
const filesWanted = 65_536;
/** A process starts with 33 GiB at times and needs up to twice V8's 32 GiB, for their alignment. */
const addressSpaceWanted = 80 * 2 ** 30;
/** Resident memory of one process in use, rounded up; of it 17 MB are its own when idle. */
const processBytes = 80e6;
/** Deno and V8 start about so many threads in each process. */
const threadsPerProcess = 16;

const openFilesHard: Rule<Facts> = (facts) => {
  const limit = facts.openFiles?.hard ?? Infinity;
  if (limit >= filesWanted) return null;
  return {
    name: "open-files",
    severity: limit < filesNeeded ? "bites" : "note",
    modes: judgedModes,
    found: `open files: ${limit} at most (hard limit)`,
    effect:
      `load has up to ${Math.max(0, limit - 50)} connections, serve and each worker as many, ` +
      `proxy ${
        Math.max(0, Math.floor((limit - 50) / 2))
      } because each has one to its upstream, too`,
    mend: facts.isContainer
      ? ["docker run --ulimit nofile=1048576:1048576 ..."]
      : ["ulimit -Hn 1048576   (as root)", "systemd: LimitNOFILE=1048576"],
  };
};

const openFilesSoft: Rule<Facts> = (facts) => {
  const limit = facts.openFiles?.soft ?? Infinity;
  if (limit >= 1024) return null;
  return {
    name: "open-files-soft",
    severity: "note",
    modes: ["load"],
    found: `open files: ${limit} in this shell (soft limit)`,
    effect: "hayate raises its own to the hard limit; wrk, ab and other programs do not",
    mend: ["ulimit -Sn 65536"],
  };
};

const addressSpace: Rule<Facts> = (facts) => {
  const limit = facts.addressSpaceBytes ?? Infinity;
  if (limit >= addressSpaceWanted) return null;
  return {
    name: "address-space",
    severity: "bites",
    modes: judgedModes,
    found: `address space: ${(limit / 2 ** 30).toFixed(1)} GiB at most (ulimit -v)`,
    effect: "V8 reserves 32 GiB of addresses for each process, not of memory; a start ends with " +
      '"Fatal process out of memory: Oilpan: CagedHeap reservation"',
    mend: ["ulimit -v unlimited", "systemd: LimitAS=infinity"],
  };
};

const cpuQuota: Rule<Facts> = (facts) => {
  const { quota, allowed, throttledPeriods } = facts.cpus;
  if (quota === null || quota >= allowed) return null;
  const share = `${Number(quota.toFixed(2))} CPUs`;
  return {
    name: "cpu-quota",
    severity: throttledPeriods > 0 ? "bites" : "note",
    modes: judgedModes,
    found: `the cgroup allows ${share} of ${allowed}` +
      (throttledPeriods > 0 ? `, and has stopped us in ${throttledPeriods} periods` : ""),
    effect: "when a period's share is used up everything stands still until the next one, " +
      "up to 100 ms: pin to whole CPUs in place of a quota",
    mend: [
      `docker run --cpuset-cpus 0-${Math.max(0, Math.ceil(quota) - 1)} ...   (without --cpus)`,
    ],
  };
};

const cpuCount: Rule<Facts> = (facts) => {
  if (facts.cpus.allowed > 1) return null;
  return {
    name: "one-cpu",
    severity: "note",
    modes: ["load"],
    found: "one CPU",
    effect: "a server on this machine shares it with load, and each slows the other down",
    mend: ["load from another machine"],
  };
};

const governor: Rule<Facts> = (facts) => {
  if (facts.cpuGovernor !== "powersave") return null;
  return {
    name: "cpu-governor",
    severity: "note",
    modes: ["load"],
    found: "the CPU frequency governor is powersave",
    effect: "short measurements begin on slow clocks and differ from each other",
    mend: ["cpupower frequency-set -g performance"],
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
    severity: "bites",
    modes: ["serve", "supervise", "proxy"],
    found: `memory: ${megabytes(limit)}`,
    effect: `a supervisor and two generations with ${workers} workers want ${megabytes(needed)} ` +
      "during a restart; beyond the limit the kernel kills one of them",
    mend: facts.memory.limitBytes === null
      ? ["fewer workers: hayate serve --workers 1"]
      : [`docker run --memory ${Math.ceil(needed / 1e6)}m ...`, "hayate serve --workers 1"],
  };
};

const threads: Rule<Facts> = (facts) => {
  const room = facts.threads === null ? Infinity : facts.threads.max - facts.threads.now;
  const needed = (1 + 2 * (1 + facts.cpus.allowed)) * threadsPerProcess;
  if (room >= needed) return null;
  return {
    name: "threads",
    severity: "bites",
    modes: judgedModes,
    found: `the cgroup allows ${room} more threads (pids.max)`,
    effect: `two generations with ${facts.cpus.allowed} workers want ${needed}; a worker that ` +
      "cannot start a thread ends",
    mend: ["docker run --pids-limit 1024 ..."],
  };
};

const ioLimits: Rule<Facts> = (facts) => {
  if (facts.ioLimits.length === 0) return null;
  return {
    name: "io-limits",
    severity: "note",
    modes: ["serve", "supervise", "proxy"],
    found: `the cgroup limits input and output: ${facts.ioLimits.join("; ")}`,
    effect: "files that are not in memory, and logs, wait for it",
    mend: ["docker run without --device-read-bps, --device-write-bps, --device-*-iops"],
  };
};

const libssl: Rule<Facts> = (facts) => {
  if (facts.hasLibssl) return null;
  return {
    name: "libssl",
    severity: "bites",
    modes: ["load", "supervise", "proxy"],
    found: "OpenSSL 3 (libssl.so.3) cannot be loaded",
    effect: "no TLS on inherited sockets, so PORTS with 443 does not work; load and the rest " +
      "fall back to the portable reactor for https",
    mend: ["apt-get install libssl3   (Debian 12, Ubuntu 22.04; libssl3t64 on later ones)"],
  };
};

const hugePages: Rule<Facts> = (facts) => {
  if (facts.hugePages !== "always") return null;
  return {
    name: "huge-pages",
    severity: "note",
    modes: ["serve", "supervise", "proxy"],
    found: "transparent huge pages are on for everybody",
    effect:
      "each worker's heap grows in steps of 2 MB, and pauses come when pages are put together",
    mend: [
      `${facts.isContainer ? "on the host: " : ""}` +
      "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
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
];

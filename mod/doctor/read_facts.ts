/** Reads the facts from proc(5), sysfs and cgroups (versions 1 and 2). */
import { allowedCpus, parseCpuList } from "../process/cpus.ts";
import type {
  Conntrack,
  Cpus,
  Facts,
  KernelTlsFacts,
  Memory,
  OpenFiles,
  OpensslFacts,
  PortRange,
  RootFacts,
  StopTimes,
} from "./facts.ts";
import { readDurationMs } from "../cli/mod.ts";
import { stopGraceMs } from "../process/container.ts";

/** Where the facts come from: the machine's files, or a table in tests. */
export interface FactSources {
  /** The file's text; null if it is missing or not readable. */
  readText(path: string): string | null;
  /** null: OpenSSL 3 cannot be loaded. */
  openssl(): Promise<OpensslFacts | null>;
}

/** CAP_NET_BIND_SERVICE, capabilities(7). */
const bindServiceBit = 10n;
/** CAP_KILL, CAP_SETGID and CAP_SETUID. */
const changeUserBits = [5n, 6n, 7n];

/** All facts; what cannot be read is null and not checked. */
export async function readFacts(sources: FactSources): Promise<Facts> {
  const read = (path: string) => sources.readText(path);
  const sysctl = (name: string) => integer(read(`/proc/sys/${name}`));
  const group = cgroupReader(read);
  const openssl = await sources.openssl();
  return {
    openFiles: openFiles(read),
    addressSpaceBytes: addressSpaceBytes(read("/proc/self/limits")),
    somaxconn: sysctl("net/core/somaxconn"),
    netdevMaxBacklog: sysctl("net/core/netdev_max_backlog"),
    softnetDropped: softnetDropped(read("/proc/net/softnet_stat")),
    ephemeralPorts: portRange(read("/proc/sys/net/ipv4/ip_local_port_range")),
    tcpTwReuse: sysctl("net/ipv4/tcp_tw_reuse"),
    tcpMigrateReq: sysctl("net/ipv4/tcp_migrate_req"),
    tcpMaxSynBacklog: sysctl("net/ipv4/tcp_max_syn_backlog"),
    tcpSyncookies: sysctl("net/ipv4/tcp_syncookies"),
    conntrack: conntrack(sysctl),
    unprivilegedPortStart: sysctl("net/ipv4/ip_unprivileged_port_start"),
    mayBindLowPorts: mayBindLowPorts(read("/proc/self/status")),
    root: rootFacts(read),
    cpus: cpus(read, group),
    memory: memory(read, group),
    threads: threads(group),
    ioLimits: ioLimits(group),
    hasLibssl: openssl !== null,
    openssl,
    kernelTls: kernelTls(read),
    hugePages: /\[(\w+)\]/.exec(read("/sys/kernel/mm/transparent_hugepage/enabled") ?? "")?.[1] ??
      null,
    cpuGovernor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")?.trim() ?? null,
    isContainer: read("/.dockerenv") !== null || read("/run/.containerenv") !== null ||
      /\bcontainer=/.test(read("/proc/1/environ") ?? ""),
    stop: stopTimes(read),
  };
}

type Read = (path: string) => string | null;

/** The list of ULPs is only in the first network namespace; the counters are where the module is. */
function kernelTls(read: Read): KernelTlsFacts | null {
  const protocols = read("/proc/sys/net/ipv4/tcp_available_ulp");
  const hasCounters = read("/proc/net/tls_stat") !== null;
  if (protocols === null && !hasCounters) return null;
  const release = /^(\d+)\.(\d+)/.exec(read("/proc/sys/kernel/osrelease") ?? "");
  const [major, minor] = release === null ? [0, 0] : [Number(release[1]), Number(release[2])];
  return {
    isOffered: hasCounters || protocols!.split(/\s+/).includes("tls"),
    changesKeys: major > 6 || (major === 6 && minor >= 14),
  };
}

function rootFacts(read: Read): RootFacts | null {
  const status = read("/proc/self/status") ?? "";
  if (!/^Uid:\s+0\s/m.test(status)) return null;
  const needed = changeUserBits.reduce((mask, bit) => mask | 1n << bit, 0n);
  const effective = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return {
    mayChangeUser: (effective & needed) === needed,
    user: variablesOf(read).get("HAYATE_USER") || null,
  };
}

function variablesOf(read: Read): ReadonlyMap<string, string> {
  const environ = read("/proc/self/environ") ?? "";
  return new Map(
    environ.split("\0").map((pair): [string, string] => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function stopTimes(read: Read): StopTimes | null {
  const variables = variablesOf(read);
  const timeMs = (name: string) => {
    const ms = readDurationMs(variables.get(name) ?? "");
    return Number.isNaN(ms) ? 0 : ms;
  };
  const [delayMs, drainMs] = [timeMs("SHUTDOWN_DELAY"), timeMs("DRAIN_TIMEOUT")];
  const engine = variables.has("KUBERNETES_SERVICE_HOST")
    ? "kubernetes"
    : read("/run/.containerenv") !== null
    ? "podman"
    : read("/.dockerenv") !== null
    ? "docker"
    : null;
  if (engine === null || delayMs + drainMs === 0) return null;
  return { engine, graceMs: stopGraceMs(engine), delayMs, drainMs };
}

/**
 * Reads a cgroup file (v2, or v1 in its controller's directory): our group first, then the root.
 */
type ReadGroup = (v2: string, controller: string, v1: string) => string | null;

function cgroupReader(read: Read): ReadGroup {
  const own = read("/proc/self/cgroup") ?? "";
  const unified = /^0::(.*)$/m.exec(own)?.[1] ?? "";
  return (v2, controller, v1) => {
    const path = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, "m").exec(own)?.[1];
    const places = [
      `/sys/fs/cgroup${unified}/${v2}`,
      `/sys/fs/cgroup/${v2}`,
      `/sys/fs/cgroup/${controller}${path ?? ""}/${v1}`,
      `/sys/fs/cgroup/${controller}/${v1}`,
    ];
    for (const place of places) {
      const text = read(place.replace(/\/+/g, "/"));
      if (text !== null) return text;
    }
    return null;
  };
}

function openFiles(read: Read): OpenFiles | null {
  const parent = /^PPid:\s*(\d+)/m.exec(read("/proc/self/status") ?? "")?.[1];
  const own = limitLine(read("/proc/self/limits"));
  if (own === null) return null;
  return { soft: limitLine(read(`/proc/${parent}/limits`))?.soft ?? own.soft, hard: own.hard };
}

function addressSpaceBytes(text: string | null): number | null {
  const word = /^Max address space\s+(\S+)/m.exec(text ?? "")?.[1];
  if (word === undefined) return null;
  return word === "unlimited" ? Infinity : Number(word);
}

function limitLine(text: string | null): OpenFiles | null {
  const match = /^Max open files\s+(\S+)\s+(\S+)/m.exec(text ?? "");
  if (match === null) return null;
  const value = (word: string) => word === "unlimited" ? Infinity : Number(word);
  return { soft: value(match[1]), hard: value(match[2]) };
}

function softnetDropped(text: string | null): number | null {
  if (text === null) return null;
  let dropped = 0;
  for (const line of text.trim().split("\n")) dropped += parseInt(line.split(/\s+/)[1] ?? "0", 16);
  return dropped;
}

function portRange(text: string | null): PortRange | null {
  const match = /^\s*(\d+)\s+(\d+)/.exec(text ?? "");
  return match === null ? null : { first: Number(match[1]), last: Number(match[2]) };
}

function conntrack(sysctl: (name: string) => number | null): Conntrack | null {
  const max = sysctl("net/netfilter/nf_conntrack_max");
  const count = sysctl("net/netfilter/nf_conntrack_count");
  return max === null || count === null ? null : { max, count };
}

function mayBindLowPorts(status: string | null): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(status ?? "")?.[1] ?? "0";
  return (BigInt(`0x${effective}`) >> bindServiceBit & 1n) === 1n;
}

function cpus(read: Read, group: ReadGroup): Cpus {
  const online = parseCpuList(read("/sys/devices/system/cpu/online") ?? "")?.length ?? 0;
  const allowed = allowedCpus(read).length;
  const stat = group("cpu.stat", "cpu", "cpu.stat") ?? "";
  return {
    online: Math.max(1, online),
    allowed: Math.max(1, allowed === 0 ? online : Math.min(allowed, online || allowed)),
    quota: cpuQuota(group),
    throttledPeriods: Number(/^nr_throttled (\d+)/m.exec(stat)?.[1] ?? 0),
  };
}

function cpuQuota(group: ReadGroup): number | null {
  const [quota, period] = (group("cpu.max", "cpu", "cpu.cfs_quota_us") ?? "").trim().split(/\s+/);
  // Version 1 has the period in a separate file.
  const length = Number(period ?? group("cpu.max", "cpu", "cpu.cfs_period_us"));
  return Number(quota) > 0 && length > 0 ? Number(quota) / length : null;
}

function memory(read: Read, group: ReadGroup): Memory {
  const kilobytes = /^MemTotal:\s*(\d+) kB/m.exec(read("/proc/meminfo") ?? "")?.[1];
  const totalBytes = kilobytes === undefined ? null : Number(kilobytes) * 1024;
  const limit = integer(group("memory.max", "memory", "memory.limit_in_bytes"));
  // Version 1 writes "no limit" as a number larger than any machine's memory.
  const isLimited = limit !== null && limit < (totalBytes ?? 2 ** 60);
  return { totalBytes, limitBytes: isLimited ? limit : null };
}

function threads(group: ReadGroup): { max: number; now: number } | null {
  const max = integer(group("pids.max", "pids", "pids.max"));
  const now = integer(group("pids.current", "pids", "pids.current"));
  return max === null ? null : { max, now: now ?? 0 };
}

function ioLimits(group: ReadGroup): string[] {
  const throttle = ["read_bps", "write_bps", "read_iops", "write_iops"];
  const v2 = group("io.max", "blkio", "none") ?? "";
  const v1 = throttle.map((each) => group("none", "blkio", `blkio.throttle.${each}_device`) ?? "");
  return [v2, ...v1].flatMap((text) => text.split("\n")).map((line) => line.trim())
    .filter((line) => /^\d+:\d+ /.test(line));
}

/** null for `max` and for text that is not a number. */
function integer(text: string | null): number | null {
  const trimmed = text?.trim() ?? "";
  return /^-?\d+$/.test(trimmed) ? Number(trimmed) : null;
}

import type { TlsAbilities } from "../tls/abilities.ts";

/** The host's settings and limits, as plain values. null: unknown in this kernel or container. */
export interface Facts {
  readonly openFiles: OpenFiles | null;
  /** RLIMIT_AS, soft; Infinity without a limit. */
  readonly addressSpaceBytes: number | null;
  /** net.core.somaxconn: the longest accept queue. */
  readonly somaxconn: number | null;
  /** net.core.netdev_max_backlog: most packets that wait for one CPU. */
  readonly netdevMaxBacklog: number | null;
  /** Packets dropped since boot because that queue was full (second column of softnet_stat). */
  readonly softnetDropped: number | null;
  /** net.ipv4.ip_local_port_range: the ephemeral ports. */
  readonly ephemeralPorts: PortRange | null;
  /** net.ipv4.tcp_tw_reuse: 0 never, 1 always, 2 for loopback only. */
  readonly tcpTwReuse: number | null;
  /**
   * net.ipv4.tcp_migrate_req: 1 moves the queue of a closing SO_REUSEPORT socket to its siblings.
   */
  readonly tcpMigrateReq: number | null;
  /** net.ipv4.tcp_max_syn_backlog and tcp_syncookies. */
  readonly tcpMaxSynBacklog: number | null;
  readonly tcpSyncookies: number | null;
  readonly conntrack: Conntrack | null;
  /** net.ipv4.ip_unprivileged_port_start: the first port that needs no privilege to bind. */
  readonly unprivilegedPortStart: number | null;
  /** CAP_NET_BIND_SERVICE is effective. */
  readonly mayBindLowPorts: boolean;
  /** null: this is another user than root. */
  readonly root: RootFacts | null;
  readonly cpus: Cpus;
  readonly memory: Memory;
  /** Thread limit of the cgroup and its current count; null without a limit. */
  readonly threads: { readonly max: number; readonly now: number } | null;
  /** Lines of the cgroup's io.max: a device with its limits. */
  readonly ioLimits: readonly string[];
  /** OpenSSL 3 can be loaded. */
  readonly hasLibssl: boolean;
  /** What it can do; null: it cannot be loaded. */
  readonly openssl: OpensslFacts | null;
  /** What ssl-offload needs of the kernel. */
  readonly kernelTls: KernelTlsFacts | null;
  /** always, madvise or never. */
  readonly hugePages: string | null;
  /** Frequency governor of the first CPU: powersave, performance, ... */
  readonly cpuGovernor: string | null;
  readonly isContainer: boolean;
  /** How long a stop may take; null outside of a container, or if no variable says so. */
  readonly stop: StopTimes | null;
}

export interface RootFacts {
  /** CAP_SETUID, CAP_SETGID and CAP_KILL are effective. */
  readonly mayChangeUser: boolean;
  /** HAYATE_USER; null: not set. */
  readonly user: string | null;
}

/** SHUTDOWN_DELAY and DRAIN_TIMEOUT beside what the container's engine grants before it kills. */
export interface StopTimes {
  readonly engine: string;
  readonly graceMs: number;
  readonly delayMs: number;
  readonly drainMs: number;
}

export interface OpensslFacts extends TlsAbilities {
  /** Such as 3.5.4. */
  readonly version: string;
  /** The last day of its project's support, as 2030-04-08; null: unknown. */
  readonly supportEnd: string | null;
  /** That day is not over, or unknown. */
  readonly isSupported: boolean;
  /** Of `acme`'s keys, those that the library accepts. */
  readonly keyTypes: readonly string[];
}

export interface KernelTlsFacts {
  /** Its module `tls` is there. */
  readonly isOffered: boolean;
  /** Connections can get new keys (Linux 6.14). */
  readonly changesKeys: boolean;
}

/** RLIMIT_NOFILE. `soft` is the limit of our parent process: Deno raises our own. */
export interface OpenFiles {
  readonly soft: number;
  readonly hard: number;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface Conntrack {
  readonly max: number;
  readonly count: number;
}

export interface Cpus {
  /** CPUs of the machine that are online. */
  readonly online: number;
  /** CPUs in the affinity mask. */
  readonly allowed: number;
  /** The cgroup's quota in CPUs; null without one. */
  readonly quota: number | null;
  /** Periods in which the quota was used up (nr_throttled of cpu.stat). */
  readonly throttledPeriods: number;
}

export interface Memory {
  readonly totalBytes: number | null;
  /** The cgroup's limit; null without one. */
  readonly limitBytes: number | null;
}

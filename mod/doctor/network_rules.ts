/** Judgement on sockets, ports and queues. Pure. */
import type { Facts } from "./facts.ts";
import type { Finding, Rule } from "./finding.ts";

/** Our own default of listen(2)'s queue; the kernel clips it to somaxconn. */
const backlogWanted = 16384;
const portsFew = 10_000;
/** TIME_WAIT lasts a minute, not to be changed (TCP_TIMEWAIT_LEN). */
const timeWaitSeconds = 60;

/** `sysctl -w`, and the docker flag where the value belongs to the container's own network. */
function sysctlMend(facts: Facts, setting: string): string[] {
  const host = `sysctl -w ${/\s/.test(setting) ? `'${setting}'` : setting}`;
  if (!facts.isContainer) return [host];
  const flag = /\s/.test(setting) ? `'${setting}'` : setting;
  return [`docker run --sysctl ${flag} ...`, `on the host, with --net=host: ${host}`];
}

const somaxconn: Rule<Facts> = (facts) => {
  const { somaxconn: value } = facts;
  if (value === null || value >= backlogWanted) return null;
  return {
    name: "somaxconn",
    severity: value < 1024 ? "bites" : "note",
    modes: ["serve", "supervise", "proxy"],
    found: `net.core.somaxconn is ${value}`,
    effect:
      `an accept queue holds ${value} connections in place of ${backlogWanted}: of more that ` +
      "come within a moment, or during a restart, some wait a second for their next SYN",
    mend: sysctlMend(facts, `net.core.somaxconn=${backlogWanted}`),
  };
};

const synBacklog: Rule<Facts> = (facts) => {
  const { tcpMaxSynBacklog: value, tcpSyncookies } = facts;
  if (value === null || tcpSyncookies !== 0 || value >= 4096) return null;
  return {
    name: "tcp-syncookies",
    severity: "bites",
    modes: ["serve", "supervise", "proxy"],
    found: `net.ipv4.tcp_syncookies is 0 and tcp_max_syn_backlog is ${value}`,
    effect: `more than ${value} unfinished handshakes, and new clients are dropped`,
    mend: sysctlMend(facts, "net.ipv4.tcp_syncookies=1"),
  };
};

const netdevBacklog: Rule<Facts> = (facts) => {
  const { netdevMaxBacklog: value, softnetDropped } = facts;
  if (value === null) return null;
  const dropped = softnetDropped ?? 0;
  if (dropped === 0 && value >= 1000) return null;
  return {
    name: "netdev-max-backlog",
    severity: "bites",
    modes: ["load", "serve", "proxy"],
    found: `net.core.netdev_max_backlog is ${value}` +
      (dropped > 0 ? `, and ${dropped} packets were dropped since boot because it was full` : ""),
    effect:
      "packets that one CPU cannot take at once are dropped: latency peaks of 200 ms and more",
    // The queue belongs to the CPUs and so to the host, whatever the network.
    mend: [
      `${facts.isContainer ? "on the host: " : ""}sysctl -w net.core.netdev_max_backlog=16384`,
    ],
  };
};

const ephemeralPorts: Rule<Facts> = (facts) => {
  const range = facts.ephemeralPorts;
  if (range === null) return null;
  const count = range.last - range.first + 1;
  const perSecond = Math.floor(count / timeWaitSeconds);
  // A loopback connection takes over a port from TIME_WAIT when tcp_tw_reuse allows it.
  if (count >= 28_000 && (facts.tcpTwReuse ?? 0) > 0) return null;
  return {
    name: "ephemeral-ports",
    severity: count < portsFew ? "bites" : "note",
    modes: ["load", "proxy"],
    found: `net.ipv4.ip_local_port_range has ${count} ports`,
    effect: `at most ${count} connections to one address at a time, and without keep-alive ` +
      `${perSecond} new ones a second for longer than a minute (load has --source and --linger0)`,
    mend: sysctlMend(facts, "net.ipv4.ip_local_port_range=1024 65535"),
  };
};

const timeWaitReuse: Rule<Facts> = (facts) => {
  const { tcpTwReuse: value } = facts;
  if (value === null || value === 1) return null;
  return {
    name: "tcp-tw-reuse",
    severity: value === 0 ? "bites" : "note",
    modes: ["load", "proxy"],
    found: `net.ipv4.tcp_tw_reuse is ${value}${value === 2 ? ", which is for loopback only" : ""}`,
    effect: `one connection per request${value === 2 ? " to another machine" : ""} runs out of ` +
      "ports after a while, because each stays in TIME_WAIT for a minute",
    mend: sysctlMend(facts, "net.ipv4.tcp_tw_reuse=1"),
  };
};

const migrateRequests: Rule<Facts> = (facts) => {
  if (facts.tcpMigrateReq === 1) return null;
  const isOld = facts.tcpMigrateReq === null;
  return {
    name: "tcp-migrate-req",
    severity: "note",
    modes: ["serve"],
    found: isOld
      ? "net.ipv4.tcp_migrate_req is not there (Linux 5.14 and later have it)"
      : "net.ipv4.tcp_migrate_req is 0",
    effect:
      "processes that share a port by --reuse-port, each with a socket of its own, lose what " +
      "is in the accept queue of one that ends; under hayate supervise nothing is lost either way",
    mend: isOld
      ? ["hayate supervise --reuse-port --workers N --port 80 -- ..."]
      : sysctlMend(facts, "net.ipv4.tcp_migrate_req=1"),
  };
};

const conntrack: Rule<Facts> = (facts): Finding | null => {
  const table = facts.conntrack;
  if (table === null) return null;
  const isFull = table.count > table.max * 0.8;
  if (!isFull && table.max >= 65_536) return null;
  return {
    name: "conntrack",
    severity: isFull ? "bites" : "note",
    modes: ["load", "serve", "proxy"],
    found: `netfilter follows ${table.count} of at most ${table.max} connections`,
    effect: "beyond it packets of new connections are dropped without a word to anybody",
    mend: [
      `${facts.isContainer ? "on the host: " : ""}sysctl -w net.netfilter.nf_conntrack_max=262144`,
    ],
  };
};

const lowPorts: Rule<Facts> = (facts) => {
  const start = facts.unprivilegedPortStart;
  if (start === null || start <= 80 || facts.mayBindLowPorts) return null;
  return {
    name: "low-ports",
    severity: "note",
    modes: ["serve", "supervise", "proxy"],
    found: `ports below ${start} need CAP_NET_BIND_SERVICE, which is missing`,
    effect: 'PORTS="80 443" cannot be bound',
    mend: facts.isContainer
      ? ["docker run --cap-add NET_BIND_SERVICE ...", "or start it as root"]
      : ["sysctl -w net.ipv4.ip_unprivileged_port_start=80", "or start it as root"],
  };
};

export const networkRules: readonly Rule<Facts>[] = [
  somaxconn,
  synBacklog,
  netdevBacklog,
  ephemeralPorts,
  timeWaitReuse,
  migrateRequests,
  conntrack,
  lowPorts,
];

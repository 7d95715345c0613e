/** Checks of sockets, ports and queues. Pure. */
import type { Facts } from "./facts.ts";
import type { Finding, Rule } from "./finding.ts";

/** Our default listen(2) backlog; the kernel limits it to somaxconn. */
const backlogWanted = 16384;
const portsFew = 10_000;
/** TIME_WAIT lasts a minute, fixed in the kernel (TCP_TIMEWAIT_LEN). */
const timeWaitSeconds = 60;

/** `sysctl -w`, and the docker flag where the value belongs to the container's own network. */
function sysctlFix(facts: Facts, setting: string): string[] {
  const host = `sysctl -w ${/\s/.test(setting) ? `'${setting}'` : setting}`;
  if (!facts.isContainer) return [host];
  const flag = /\s/.test(setting) ? `'${setting}'` : setting;
  return [`docker run --sysctl ${flag} ...`, `${host}   # on the host, with --net=host`];
}

const somaxconn: Rule<Facts> = (facts) => {
  const { somaxconn: value } = facts;
  if (value === null || value >= backlogWanted) return null;
  return {
    name: "somaxconn",
    severity: value < 1024 ? "fail" : "warn",
    modes: ["serve", "supervise", "proxy"],
    found: `net.core.somaxconn is ${value}`,
    effect:
      `an accept queue holds ${value} connections instead of ${backlogWanted}; in a burst or ` +
      "during a restart, further clients wait a second until they send their next SYN",
    fix: sysctlFix(facts, `net.core.somaxconn=${backlogWanted}`),
  };
};

const synBacklog: Rule<Facts> = (facts) => {
  const { tcpMaxSynBacklog: value, tcpSyncookies } = facts;
  if (value === null || tcpSyncookies !== 0 || value >= 4096) return null;
  return {
    name: "tcp-syncookies",
    severity: "fail",
    modes: ["serve", "supervise", "proxy"],
    found: `net.ipv4.tcp_syncookies is 0 and tcp_max_syn_backlog is ${value}`,
    effect: `with more than ${value} unfinished handshakes, new clients are dropped`,
    fix: sysctlFix(facts, "net.ipv4.tcp_syncookies=1"),
  };
};

const netdevBacklog: Rule<Facts> = (facts) => {
  const { netdevMaxBacklog: value, softnetDropped } = facts;
  if (value === null) return null;
  const dropped = softnetDropped ?? 0;
  if (dropped === 0 && value >= 1000) return null;
  return {
    name: "netdev-max-backlog",
    severity: "fail",
    modes: ["load", "serve", "proxy"],
    found: `net.core.netdev_max_backlog is ${value}` +
      (dropped > 0
        ? `; ${dropped} packets were dropped since boot because the queue was full`
        : ""),
    effect:
      "packets beyond this queue of a CPU are dropped, which causes latency peaks of 200 ms and more",
    // The queues belong to the CPUs and so to the host, whatever the network namespace.
    fix: [
      `sysctl -w net.core.netdev_max_backlog=16384${facts.isContainer ? "   # on the host" : ""}`,
    ],
  };
};

const ephemeralPorts: Rule<Facts> = (facts) => {
  const range = facts.ephemeralPorts;
  if (range === null) return null;
  const count = range.last - range.first + 1;
  const perSecond = Math.floor(count / timeWaitSeconds);
  // A loopback connection may reuse a port in TIME_WAIT if tcp_tw_reuse allows it.
  if (count >= 28_000 && (facts.tcpTwReuse ?? 0) > 0) return null;
  return {
    name: "ephemeral-ports",
    severity: count < portsFew ? "fail" : "warn",
    modes: ["load", "proxy"],
    found: `net.ipv4.ip_local_port_range has ${count} ports`,
    effect: `at most ${count} concurrent connections to one address; without keep-alive, at most ` +
      `${perSecond} new ones per second over more than a minute (see load --source and --linger0)`,
    fix: sysctlFix(facts, "net.ipv4.ip_local_port_range=1024 65535"),
  };
};

const timeWaitReuse: Rule<Facts> = (facts) => {
  const { tcpTwReuse: value } = facts;
  if (value === null || value === 1) return null;
  return {
    name: "tcp-tw-reuse",
    severity: value === 0 ? "fail" : "warn",
    modes: ["load", "proxy"],
    found: `net.ipv4.tcp_tw_reuse is ${value}${value === 2 ? " (loopback only)" : ""}`,
    effect: `with one connection per request${value === 2 ? " to another machine" : ""}, ports ` +
      "run out after a while, because each stays in TIME_WAIT for a minute",
    fix: sysctlFix(facts, "net.ipv4.tcp_tw_reuse=1"),
  };
};

const migrateRequests: Rule<Facts> = (facts) => {
  if (facts.tcpMigrateReq === 1) return null;
  const isOld = facts.tcpMigrateReq === null;
  return {
    name: "tcp-migrate-req",
    severity: "warn",
    modes: ["serve"],
    found: isOld
      ? "net.ipv4.tcp_migrate_req is missing (it needs Linux 5.14)"
      : "net.ipv4.tcp_migrate_req is 0",
    effect:
      "when processes share a port with --reuse-port and one exits, the connections in its accept " +
      "queue are lost; under hayate supervise none are lost either way",
    fix: isOld
      ? ["hayate supervise --reuse-port --workers N --port 80 -- ..."]
      : sysctlFix(facts, "net.ipv4.tcp_migrate_req=1"),
  };
};

const conntrack: Rule<Facts> = (facts): Finding | null => {
  const table = facts.conntrack;
  if (table === null) return null;
  const isFull = table.count > table.max * 0.8;
  if (!isFull && table.max >= 65_536) return null;
  return {
    name: "conntrack",
    severity: isFull ? "fail" : "warn",
    modes: ["load", "serve", "proxy"],
    found: `netfilter tracks ${table.count} of at most ${table.max} connections`,
    effect: "beyond the limit, packets of new connections are dropped silently",
    fix: [
      `sysctl -w net.netfilter.nf_conntrack_max=262144${
        facts.isContainer ? "   # on the host" : ""
      }`,
    ],
  };
};

const lowPorts: Rule<Facts> = (facts) => {
  const start = facts.unprivilegedPortStart;
  if (start === null || start <= 80 || facts.mayBindLowPorts) return null;
  return {
    name: "low-ports",
    severity: "warn",
    modes: ["serve", "supervise", "proxy"],
    found: `ports below ${start} need CAP_NET_BIND_SERVICE, which is missing`,
    effect: 'PORTS="80 443" cannot be bound',
    fix: facts.isContainer
      ? ["docker run --cap-add NET_BIND_SERVICE ...", "# or start it as root"]
      : ["sysctl -w net.ipv4.ip_unprivileged_port_start=80", "# or start it as root"],
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

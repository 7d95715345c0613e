import { assert, assertEquals } from "@std/assert";
import type { Facts, OpensslFacts } from "../../../mod/doctor/facts.ts";
import { judgedModes } from "../../../mod/doctor/finding.ts";
import { judge } from "../../../mod/doctor/judge.ts";
import { goodHost, goodOpenssl } from "./good_host.ts";

/** A change of the good host, and the one finding that it must cause. */
type Row = [change: Partial<Facts>, name: string, severity: string, modes: string, fix: string];

const network: Row[] = [
  [
    { somaxconn: 128 },
    "somaxconn",
    "fail",
    "serve,supervise,proxy",
    "sysctl -w net.core.somaxconn=16384",
  ],
  [
    { somaxconn: 4096 },
    "somaxconn",
    "warn",
    "serve,supervise,proxy",
    "sysctl -w net.core.somaxconn=16384",
  ],
  [
    { tcpSyncookies: 0, tcpMaxSynBacklog: 256 },
    "tcp-syncookies",
    "fail",
    "serve,supervise,proxy",
    "sysctl -w net.ipv4.tcp_syncookies=1",
  ],
  [
    { netdevMaxBacklog: 300 },
    "netdev-max-backlog",
    "fail",
    "load,serve,proxy",
    "sysctl -w net.core.netdev_max_backlog=16384",
  ],
  [
    { softnetDropped: 60 },
    "netdev-max-backlog",
    "fail",
    "load,serve,proxy",
    "sysctl -w net.core.netdev_max_backlog=16384",
  ],
  [
    { ephemeralPorts: { first: 60_000, last: 60_999 } },
    "ephemeral-ports",
    "fail",
    "load,proxy",
    "sysctl -w 'net.ipv4.ip_local_port_range=1024 65535'",
  ],
  [
    { tcpTwReuse: 0, ephemeralPorts: null },
    "tcp-tw-reuse",
    "fail",
    "load,proxy",
    "sysctl -w net.ipv4.tcp_tw_reuse=1",
  ],
  [{ tcpTwReuse: 2 }, "tcp-tw-reuse", "warn", "load,proxy", "sysctl -w net.ipv4.tcp_tw_reuse=1"],
  [
    { tcpMigrateReq: 0 },
    "tcp-migrate-req",
    "warn",
    "serve",
    "sysctl -w net.ipv4.tcp_migrate_req=1",
  ],
  [
    { tcpMigrateReq: null },
    "tcp-migrate-req",
    "warn",
    "serve",
    "hayate supervise --reuse-port --workers N --port 80 -- ...",
  ],
  [
    { conntrack: { max: 262_144, count: 250_000 } },
    "conntrack",
    "fail",
    "load,serve,proxy",
    "sysctl -w net.netfilter.nf_conntrack_max=262144",
  ],
  [
    { root: { mayChangeUser: true, user: null } },
    "workers-as-root",
    "warn",
    "serve,supervise",
    "export HAYATE_USER=www-data   # or --user www-data",
  ],
  [
    { root: { mayChangeUser: true, user: "root" } },
    "workers-as-root",
    "warn",
    "serve,supervise,proxy",
    "export HAYATE_USER=www-data   # or --user www-data",
  ],
  [
    { root: { mayChangeUser: false, user: "www-data" } },
    "change-user",
    "fail",
    "serve,supervise,proxy",
    "# start it as that user, or with --user root",
  ],
  [
    { root: { mayChangeUser: false, user: "www-data" }, isContainer: true },
    "change-user",
    "fail",
    "serve,supervise,proxy",
    "docker run --cap-add SETUID --cap-add SETGID --cap-add KILL ...",
  ],
  [
    { mayBindLowPorts: false },
    "low-ports",
    "warn",
    "serve,supervise,proxy",
    "sysctl -w net.ipv4.ip_unprivileged_port_start=80",
  ],
];

const all = judgedModes.join();
const resources: Row[] = [
  [
    { stop: { engine: "docker", graceMs: 10_000, delayMs: 5000, drainMs: 8000 } },
    "stop-time",
    "warn",
    "serve,supervise,proxy",
    "docker run --stop-timeout 18 ...",
  ],
  [
    { stop: { engine: "kubernetes", graceMs: 30_000, delayMs: 10_000, drainMs: 30_000 } },
    "stop-time",
    "warn",
    "serve,supervise,proxy",
    "# in the pod's spec: terminationGracePeriodSeconds: 45",
  ],
  [
    { openFiles: { soft: 1024, hard: 1024 } },
    "open-files",
    "fail",
    all,
    "ulimit -Hn 1048576   # as root",
  ],
  [
    { openFiles: { soft: 1024, hard: 1024 }, isContainer: true },
    "open-files",
    "fail",
    all,
    "docker run --ulimit nofile=1048576:1048576 ...",
  ],
  [{ addressSpaceBytes: 40e9 }, "address-space", "fail", all, "ulimit -v unlimited"],
  [{ openFiles: { soft: 256, hard: 1e6 } }, "open-files-soft", "warn", "load", "ulimit -Sn 65536"],
  [
    { cpus: { online: 4, allowed: 4, quota: 1.5, throttledPeriods: 7 } },
    "cpu-quota",
    "fail",
    all,
    "docker run --cpuset-cpus 0-1 ...   # without --cpus",
  ],
  [
    { cpus: { online: 4, allowed: 4, quota: 2, throttledPeriods: 0 } },
    "cpu-quota",
    "warn",
    all,
    "docker run --cpuset-cpus 0-1 ...   # without --cpus",
  ],
  [
    { cpus: { online: 1, allowed: 1, quota: null, throttledPeriods: 0 } },
    "one-cpu",
    "warn",
    "load",
    "# run load on another machine",
  ],
  [
    { cpuGovernor: "powersave" },
    "cpu-governor",
    "warn",
    "load",
    "cpupower frequency-set -g performance",
  ],
  [
    { memory: { totalBytes: 8e9, limitBytes: 128e6 } },
    "memory",
    "fail",
    "serve,supervise,proxy",
    "docker run --memory 880m ...",
  ],
  [
    { memory: { totalBytes: 256e6, limitBytes: null } },
    "memory",
    "fail",
    "serve,supervise,proxy",
    "hayate serve --workers 1",
  ],
  [{ threads: { max: 100, now: 60 } }, "threads", "fail", all, "docker run --pids-limit 1024 ..."],
  [
    { ioLimits: ["8:0 rbps=1048576 wbps=max"] },
    "io-limits",
    "warn",
    "serve,supervise,proxy",
    "# docker run without --device-read-bps, --device-write-bps, --device-*-iops",
  ],
  [
    { hasLibssl: false },
    "libssl",
    "fail",
    "load,supervise,proxy",
    "apt-get install libssl3   # Debian 12, Ubuntu 22.04; later: libssl3t64",
  ],
  [
    { hugePages: "always" },
    "huge-pages",
    "warn",
    "serve,supervise,proxy",
    "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
  ],
];

/** A change of a good OpenSSL, and the one finding that it must cause. */
const openssl: readonly (readonly [change: Partial<OpensslFacts>, name: string])[] = [
  [{ version: "3.0.19", supportEnd: "2026-09-07", isSupported: false }, "openssl-support"],
  [{ hasTls13: false }, "tls13"],
  [{ hasHybridGroup: false }, "hybrid-group"],
  [{ hasChacha20: false }, "chacha20"],
  [{ hasOcspStapling: false }, "ocsp-stapling"],
  [{ hasTickets: false }, "session-tickets"],
  [{ keyTypes: ["p256", "p384"] }, "rsa2048-keys"],
];

for (const [change, name] of openssl) {
  Deno.test(`judge() of ${JSON.stringify(change)}: ${name} warn`, () => {
    const facts = { ...goodHost, openssl: { ...goodOpenssl, ...change } };
    const [finding, ...others] = judge(facts, judgedModes);
    assertEquals([finding.name, finding.severity, others], [name, "warn", []]);
    assertEquals(finding.modes.join(), "serve,supervise,proxy");
    assert(finding.found.includes("OpenSSL") && finding.fix.length > 0);
  });
}

Deno.test("judge() finds nothing on a good host, or if no fact can be read", () => {
  assertEquals(judge(goodHost, judgedModes), []);
  const unknown: Facts = {
    ...goodHost,
    openFiles: null,
    somaxconn: null,
    netdevMaxBacklog: null,
    softnetDropped: null,
    ephemeralPorts: null,
    tcpTwReuse: null,
    tcpMaxSynBacklog: null,
    tcpSyncookies: null,
    unprivilegedPortStart: null,
    memory: { totalBytes: null, limitBytes: null },
    hugePages: null,
    cpuGovernor: null,
  };
  assertEquals(judge(unknown, judgedModes), []);
});

for (const [change, name, severity, modes, fix] of [...network, ...resources]) {
  Deno.test(`judge() of ${JSON.stringify(change)}: ${name} ${severity}`, () => {
    const findings = judge({ ...goodHost, ...change }, judgedModes);
    assertEquals(findings.map((each) => each.name), [name]);
    const [finding] = findings;
    assertEquals(finding.severity, severity);
    assertEquals(finding.modes.join(), modes);
    assertEquals(finding.fix[0], fix);
    assert(finding.found !== "" && finding.effect !== "");
  });
}

Deno.test("judge() returns the findings of the given modes, failures first", () => {
  const facts: Facts = { ...goodHost, tcpMigrateReq: 0, somaxconn: 128, hasLibssl: false };
  const names = (modes: Parameters<typeof judge>[1]) => judge(facts, modes).map(({ name }) => name);
  assertEquals(names(["load"]), ["libssl"]);
  assertEquals(names(["serve"]), ["somaxconn", "tcp-migrate-req"]);
  assertEquals(names(["serve", "proxy"]), ["libssl", "somaxconn", "tcp-migrate-req"]);
});

Deno.test("judge() in a container suggests docker's flag and the host's command", () => {
  const [finding] = judge({ ...goodHost, somaxconn: 128, isContainer: true }, ["serve"]);
  assertEquals(finding.fix, [
    "docker run --sysctl net.core.somaxconn=16384 ...",
    "sysctl -w net.core.somaxconn=16384   # on the host, with --net=host",
  ]);
});

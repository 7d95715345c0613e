import { assertEquals } from "@std/assert";
import { type FactSources, readFacts } from "../../../mod/doctor/read_facts.ts";

function sources(files: Record<string, string>): FactSources {
  return { readText: (path) => files[path] ?? null, openssl: () => Promise.resolve(null) };
}

const limits = (soft: string, hard: string) =>
  "Limit                     Soft Limit           Hard Limit           Units\n" +
  `Max processes             95000                95000                processes\n` +
  `Max open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files\n`;

Deno.test("readFacts() reads the kernel's settings", async () => {
  const facts = await readFacts(sources({
    "/proc/self/status":
      "Name:\thayate\nPPid:\t77\nCapEff:\t0000000000000400\nCpus_allowed_list:\t0-2,5\n",
    "/proc/self/limits": limits("unlimited", "unlimited"),
    "/proc/77/limits": limits("1024", "unlimited"),
    "/proc/sys/net/core/somaxconn": "4096\n",
    "/proc/sys/net/core/netdev_max_backlog": "1000\n",
    "/proc/net/softnet_stat": "060974a2 00000000 00000007\n0635bee9 0000003c 0000000a\n",
    "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
    "/proc/sys/net/ipv4/tcp_tw_reuse": "2\n",
    "/proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
    "/proc/sys/net/netfilter/nf_conntrack_count": "12\n",
    "/sys/devices/system/cpu/online": "0-7\n",
    "/proc/meminfo": "MemTotal:       24684448 kB\nMemFree: 1 kB\n",
    "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
  }));
  assertEquals(facts.openFiles, { soft: 1024, hard: Infinity });
  assertEquals(facts.somaxconn, 4096);
  assertEquals(facts.softnetDropped, 60);
  assertEquals(facts.ephemeralPorts, { first: 32_768, last: 60_999 });
  assertEquals(facts.tcpMigrateReq, null);
  assertEquals(facts.conntrack, { max: 65_536, count: 12 });
  assertEquals(facts.mayBindLowPorts, true);
  assertEquals(facts.cpus, { online: 8, allowed: 4, quota: null, throttledPeriods: 0 });
  assertEquals(facts.memory, { totalBytes: 24_684_448 * 1024, limitBytes: null });
  assertEquals(facts.hugePages, "madvise");
  assertEquals(facts.isContainer, false);
});

Deno.test("readFacts() tells what root may do, and which user it names", async () => {
  const rootOf = async (status: string, environ = "") =>
    (await readFacts(sources({ "/proc/self/status": status, "/proc/self/environ": environ }))).root;
  assertEquals(await rootOf("Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n"), null);
  const root = "Uid:\t0\t0\t0\t0\nCapEff:\t";
  assertEquals(await rootOf(`${root}00000000000000e0\n`), { mayChangeUser: true, user: null });
  assertEquals(await rootOf(`${root}0000000000000400\n`, "A=b\0HAYATE_USER=www\0"), {
    mayChangeUser: false,
    user: "www",
  });
});

Deno.test("readFacts() finds kTLS, also in a container", async () => {
  const tlsOf = async (files: Record<string, string>) =>
    (await readFacts(sources(files))).kernelTls;
  const protocols = "/proc/sys/net/ipv4/tcp_available_ulp";
  const release = "/proc/sys/kernel/osrelease";
  assertEquals(await tlsOf({}), null);
  assertEquals(await tlsOf({ [protocols]: "espintcp mptcp\n", [release]: "6.14.0\n" }), {
    isOffered: false,
    changesKeys: true,
  });
  assertEquals(await tlsOf({ [protocols]: "mptcp tls\n", [release]: "6.1.0-50-amd64\n" }), {
    isOffered: true,
    changesKeys: false,
  });
  assertEquals(await tlsOf({ "/proc/net/tls_stat": "", [release]: "7.2.12+deb14-amd64\n" }), {
    isOffered: true,
    changesKeys: true,
  });
});

Deno.test("readFacts() compares the variables of a stop with the engine's limit", async () => {
  const stopOf = async (marker: string, environ: string) =>
    (await readFacts(sources({ [marker]: "", "/proc/self/environ": environ }))).stop;
  const variables = "A=b\0SHUTDOWN_DELAY=5\0DRAIN_TIMEOUT=500ms\0";
  const times = { delayMs: 5000, drainMs: 500 };
  assertEquals(await stopOf("/.dockerenv", variables), {
    engine: "docker",
    graceMs: 10_000,
    ...times,
  });
  assertEquals(
    await stopOf("/run/.containerenv", variables),
    { engine: "podman", graceMs: 10_000, ...times },
  );
  assertEquals(
    await stopOf("/.dockerenv", `${variables}KUBERNETES_SERVICE_HOST=10.0.0.1\0`),
    { engine: "kubernetes", graceMs: 30_000, ...times },
  );
  assertEquals(await stopOf("/.dockerenv", "A=b\0"), null);
  assertEquals(await stopOf("/nowhere", variables), null);
});

Deno.test("readFacts() reads the limits of a version 2 cgroup", async () => {
  const group = "/sys/fs/cgroup/app.slice";
  const facts = await readFacts(sources({
    "/proc/self/cgroup": "0::/app.slice\n",
    "/proc/meminfo": "MemTotal: 8000000 kB\n",
    "/.dockerenv": "",
    [`${group}/cpu.max`]: "150000 100000\n",
    [`${group}/cpu.stat`]: "usage_usec 1\nnr_periods 9\nnr_throttled 3\n",
    [`${group}/memory.max`]: "268435456\n",
    [`${group}/pids.max`]: "512\n",
    [`${group}/pids.current`]: "12\n",
    [`${group}/io.max`]: "8:16 rbps=2097152 wbps=max riops=max wiops=max\n",
  }));
  assertEquals([facts.cpus.quota, facts.cpus.throttledPeriods], [1.5, 3]);
  assertEquals(facts.memory.limitBytes, 268_435_456);
  assertEquals(facts.threads, { max: 512, now: 12 });
  assertEquals(facts.ioLimits, ["8:16 rbps=2097152 wbps=max riops=max wiops=max"]);
  assertEquals(facts.isContainer, true);
});

Deno.test("readFacts() reads the limits of version 1 cgroups", async () => {
  const facts = await readFacts(sources({
    "/proc/self/cgroup": "9:name=systemd:/\n4:memory:/docker/a\n2:cpu,cpuacct:/docker/a\n",
    "/proc/meminfo": "MemTotal: 8000000 kB\n",
    "/sys/fs/cgroup/cpu/docker/a/cpu.cfs_quota_us": "50000\n",
    "/sys/fs/cgroup/cpu/docker/a/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": "134217728\n",
    "/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device": "8:0 1048576\n",
  }));
  assertEquals(facts.cpus.quota, 0.5);
  assertEquals(facts.memory.limitBytes, 134_217_728);
  assertEquals(facts.threads, null);
  assertEquals(facts.ioLimits, ["8:0 1048576"]);
});

for (const [name, text] of [["version 1", "9223372036854771712"], ["version 2", "max"]]) {
  Deno.test(`readFacts() recognises "no limit" in ${name}`, async () => {
    const facts = await readFacts(sources({
      "/proc/meminfo": "MemTotal: 8000000 kB\n",
      "/sys/fs/cgroup/memory.max": text,
      "/sys/fs/cgroup/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/pids.max": "max\n",
    }));
    assertEquals(facts.memory.limitBytes, null);
    assertEquals(facts.cpus.quota, null);
    assertEquals(facts.threads, null);
  });
}

/** `--user`, h2o's `user` and nobody by default: who runs, and what only root can open. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import {
  binaryPath,
  Child,
  type ChildOptions,
  descendantPids,
  runHayate,
  runProgram,
  sleep,
} from "../../support/binary.ts";
import { freePort } from "../../support/ports.ts";
import { assertIsUser, credentialsOf, rootTest, sharedFolder } from "../../support/privileges.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { servedCertificate } from "../../support/served_certificate.ts";
import { ticketKeyText } from "../../support/ticket_keys.ts";
import { environmentOf, isAlive, startSupervised } from "../../support/supervise.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const nobody = 65_534;
/** Starts slowly on a busy machine, and several processes one after another. */
const patient: ChildOptions = { waitTimeoutMs: 60_000, stopTimeoutMs: 30_000 };
/** Nobody has asked for a user. */
const byDefault: ChildOptions = { ...patient, env: { HAYATE_USER: "" } };

const get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

async function statusOf(port: number, path = "/"): Promise<string> {
  return (await rawExchange(tcp(port), get.replace(" / ", ` ${path} `))).slice(9, 12);
}

/** A proxy with a key, logs and a configuration that only root can open. */
async function hiddenProxy(more = "", workers = 1) {
  const folder = await sharedFolder("keys", "logs", "www");
  const { path } = folder;
  const [port, tlsPort] = [freePort(), freePort()];
  const makeKey = () => writeSelfSigned(["localhost"], `${path}/keys/c.pem`, `${path}/keys/k.pem`);
  makeKey();
  await folder.write("www/index.html", "hidden");
  await folder.write("keys/tickets", ticketKeyText(), 0o600);
  const text = (log: string) =>
    `${more}
num-threads: ${workers}
listen: {port: ${port}, host: 127.0.0.1}
listen:
  port: ${tlsPort}
  host: 127.0.0.1
  ssl: {certificate-file: ${path}/keys/c.pem, key-file: ${path}/keys/k.pem}
access-log: ${path}/logs/${log}
error-log: ${path}/logs/error.log
pid-file: ${path}/logs/pid
control: {listen: ${path}/logs/c.sock, write: ON}
state: ${path}/logs/state
ssl-session-resumption: {mode: ticket, ticket-store: file, ticket-file: ${path}/keys/tickets}
upstreams: {app: {servers: ["127.0.0.1:9"]}}
hosts:
  default:
    paths:
      /: {status: ON}
      /hidden: {file.dir: ${path}/www}
`;
  const configFile = await folder.write("keys/h2o.conf", text("a.log"), 0o600);
  const logged = (name: string) => Deno.readTextFile(`${path}/logs/${name}`).catch(() => "");
  return { folder, path, port, tlsPort, makeKey, text, configFile, logged };
}

type Hidden = Awaited<ReturnType<typeof hiddenProxy>>;

/** Waits until the error log has `pattern` `count` times. */
async function waitForLog(child: Child, { logged }: Hidden, pattern: string, count = 1) {
  await child.waitUntil(
    `${count} x ${pattern} in the log`,
    async () => (await logged("error.log")).split(pattern).length > count || null,
  );
}

/** The control listener, and the file of state that a change through it writes. */
async function checkControl(child: Child, { path, logged }: Hidden): Promise<void> {
  const control = unix(`${path}/logs/c.sock`);
  assertMatch(await rawExchange(control, get.replace("/ ", "/livez ")), /^HTTP\/1.1 200/);
  const change = "PATCH /api/9/http/upstreams/app/servers/0 HTTP/1.1\r\nHost: c\r\n" +
    'Content-Length: 12\r\nConnection: close\r\n\r\n{"weight":7}';
  assertMatch(await rawExchange(control, change), /^HTTP\/1.1 200/);
  await child.waitUntil(
    "the state",
    async () => (await logged("state")).includes('"weight":7') || null,
  );
  assertEquals(Deno.statSync(`${path}/logs/state`).uid, 0);
}

/** Another key, and another log, of which `text` makes a configuration, by two HUPs under load. */
async function reloadUnderLoad(child: Child, hidden: Hidden, text: (log: string) => string) {
  const { folder, port, tlsPort, makeKey } = hidden;
  const first = await servedCertificate(tlsPort, "localhost");
  makeKey();
  await folder.write("keys/h2o.conf", text("b.log"), 0o600);
  await using load = new Child(binaryPath, [
    ...["load", "-c", "4", "-d", "3", "--fail-if", "errors>0", `http://127.0.0.1:${port}/`],
  ], patient);
  for (const count of [1, 2]) {
    child.kill("SIGHUP");
    await waitForLog(child, hidden, "the new configuration is in force", count);
  }
  const { code, stdout, stderr } = await load.result();
  assertEquals([code, /Socket errors|Non-2xx/.test(stdout)], [0, false], stdout + stderr);
  assert(await servedCertificate(tlsPort, "localhost") !== first, "the new key is served");
  await waitForLines(child, hidden, "b.log");
}

async function waitForLines(child: Child, { port, logged }: Hidden, name: string): Promise<void> {
  await child.waitUntil(`lines in ${name}`, async () => {
    await statusOf(port);
    return (await logged(name)).includes("GET /") || null;
  });
}

/** A worker that dies is replaced by one of the same user, which reads the hidden key. */
async function replaceWorker(child: Child, hidden: Hidden, count: number): Promise<void> {
  await child.waitUntil(
    "the end of the old workers",
    () => descendantPids(child.pid).length === count || null,
  );
  const victim = descendantPids(child.pid).at(-1)!;
  Deno.kill(victim, "SIGKILL");
  await waitForLog(child, hidden, "starting another");
  await child.waitUntil("another worker", () => {
    const now = descendantPids(child.pid);
    return now.length === count && !now.includes(victim) || null;
  });
  for (const pid of descendantPids(child.pid)) {
    if (credentialsOf(pid).length > 0) assertIsUser(pid, nobody);
  }
  assertEquals(await statusOf(hidden.port), "200");
}

async function runHidden(reactor: string, workers: number): Promise<void> {
  const hidden = await hiddenProxy("", workers);
  await using folder = hidden.folder;
  const { path, port, logged } = hidden;
  const isPortable = reactor === "portable";
  // Deno binds no socket for us and takes none by its descriptor.
  const text = (log: string) => hidden.text(log).replace(/^control:.*\n/m, isPortable ? "" : "$&");
  await folder.write("keys/h2o.conf", text("a.log"), 0o600);
  await using child = new Child(binaryPath, ["proxy", "-c", hidden.configFile], {
    ...patient,
    env: { HAYATE_USER: "", HAYATE_REACTOR: reactor },
  });
  await waitForLog(child, hidden, "listening on", 2);
  assertMatch(child.stderr, /started as root without a user: runs as nobody/);
  assertEquals((await logged("pid")).trim(), String(child.pid));
  const pids = descendantPids(child.pid);
  assertEquals(pids.length, workers === 1 ? 1 : 1 + workers);
  for (const pid of pids) assertIsUser(pid, nobody);
  assertEquals(credentialsOf(child.pid)[0].Uid, "0\t0\t0\t0");
  assertEquals([await statusOf(port), await statusOf(port, "/hidden/")], ["200", "403"]);
  if (!isPortable) await checkControl(child, hidden);
  await reloadUnderLoad(child, hidden, text);

  // Logs are moved away, and made again by USR1.
  await Deno.rename(`${path}/logs/b.log`, `${path}/logs/b.log.1`);
  child.kill("SIGUSR1");
  await waitForLines(child, hidden, "b.log");
  assertEquals(Deno.statSync(`${path}/logs/b.log`).uid, 0);
  if (workers > 1) await replaceWorker(child, hidden, pids.length);
  assertEquals((await child.stop()).code, 0);
  const left = [...Deno.readDirSync(`${path}/logs`)].map(({ name }) => name);
  assertEquals(left.filter((name) => /sock|pid/.test(name)), []);
}

for (const [reactor, workers] of [["epoll", 1], ["epoll", 2], ["portable", 1]] as const) {
  const name = `proxy of root runs as nobody, ${workers} x ${reactor}: key, logs, HUP, USR1`;
  rootTest(name, () => runHidden(reactor, workers));
}

rootTest(
  "proxy --watch of root reads a hidden configuration again, and still runs as nobody",
  async () => {
    const hidden = await hiddenProxy();
    await using folder = hidden.folder;
    await using child = new Child(
      binaryPath,
      ["proxy", "--watch", "-c", hidden.configFile],
      byDefault,
    );
    await waitForLog(child, hidden, "listening on", 2);
    for (const [count, log] of ["b.log", "c.log"].entries()) {
      await folder.write("keys/h2o.conf", hidden.text(log), 0o600);
      await waitForLog(child, hidden, "the new configuration is in force", count + 1);
      await statusOf(hidden.port);
      await child.waitUntil(log, async () => (await hidden.logged(log)).includes("GET /") || null);
    }
    await folder.write("keys/h2o.conf", "nonsense: 1", 0o600);
    await waitForLog(child, hidden, "the running one stays");
    await folder.write("keys/h2o.conf", hidden.text("d.log"), 0o600);
    await waitForLog(child, hidden, "the new configuration is in force", 3);
    for (const pid of descendantPids(child.pid)) assertIsUser(pid, nobody);
  },
);

rootTest("a process that has given up root ends with the parent that kept it", async () => {
  const hidden = await hiddenProxy();
  await using _folder = hidden.folder;
  const child = new Child(binaryPath, ["proxy", "-c", hidden.configFile], byDefault);
  await waitForLog(child, hidden, "listening on", 2);
  const [pid] = descendantPids(child.pid);
  child.kill("SIGKILL");
  await child.status;
  for (let polls = 0; polls < 600 && isAlive(pid); polls++) await sleep(100);
  assertEquals(isAlive(pid), false);
  await child.stop();
});

rootTest("supervise proxy of root: nobody by default, over HUP, deaths and USR2", async () => {
  const hidden = await hiddenProxy("", 2);
  await using folder = hidden.folder;
  const program = `${folder.path}/hayate`;
  await Deno.copyFile(binaryPath, program);
  const files = ["--pid-file", `${folder.path}/pid`, "--status-file", `${folder.path}/status`];
  const listen = ["--port", `127.0.0.1:${hidden.port}`, "--port", `127.0.0.1:${hidden.tlsPort}`];
  await using child = new Child(program, [
    ...["supervise", ...files, ...listen, "proxy", "-c", hidden.configFile],
  ], byDefault);
  const serving = async (count: number) => {
    await child.waitUntil(
      `${count} generations`,
      () => child.stderr.split("new worker is now running").length > count || null,
    );
  };
  const checkAll = () => {
    for (const pid of descendantPids(child.pid)) {
      if (credentialsOf(pid).length > 0) assertIsUser(pid, nobody);
    }
  };
  await child.waitForLine("supervises proxy");
  assertEquals(descendantPids(child.pid).length, 3);
  checkAll();
  child.kill("SIGHUP");
  await serving(1);
  assertEquals(await statusOf(hidden.port), "200");
  checkAll();

  child.kill("SIGUSR2");
  await child.waitUntil(
    "the new program",
    () => child.stderr.split("supervises").length > 2 || null,
  );
  // The generation of the program before still has its logs opened again.
  await Deno.rename(`${folder.path}/logs/a.log`, `${folder.path}/logs/a.log.1`);
  child.kill("SIGUSR1");
  await child.waitUntil("the log", async () => {
    await statusOf(hidden.port);
    return (await hidden.logged("a.log")).includes("GET /") || null;
  });
  child.kill("SIGHUP");
  await serving(2);
  await child.waitUntil(
    "the end of the old one",
    () => descendantPids(child.pid).length === 3 || null,
  );
  checkAll();
  assertEquals((await child.stop()).code, 0);
});

rootTest("supervise --user NAME:GROUP runs another program as that user", async () => {
  await using folder = await sharedFolder();
  await Deno.chmod(folder.path, 0o777);
  const command = ["sh", "-c", `echo $HOME $USER $LOGNAME > ${folder.path}/home; exec sleep 1000`];
  await using supervised = startSupervised(
    folder,
    ["--port", "0", "--user", "www-data:adm", "--", ...command],
    patient,
  );
  const { child } = supervised;
  const [{ pid }] = await supervised.waitForGenerations(1);
  await child.waitUntil("the program", () => environmentOf(pid)["USER"] === "www-data" || null);
  assertIsUser(pid, 33, 4);
  const home = await child.waitUntil(
    "the file",
    () => Deno.readTextFile(`${folder.path}/home`).catch(() => null),
  );
  assertEquals(home, "/var/www www-data www-data\n");
  assertEquals("HAYATE_USER" in environmentOf(pid), false);
  child.kill("SIGHUP");
  const [next] = await supervised.waitForGenerations(2);
  await child.waitUntil(
    "the program",
    () => environmentOf(next.pid)["USER"] === "www-data" || null,
  );
  assertIsUser(next.pid, 33, 4);
});

for (
  const [what, args, generations] of [
    ["serve --user", ["serve", "--workers", "2", "--user", "3999:4999"], 3],
    ["serve --user, one worker", ["serve", "--workers", "1", "--user", "3999:4999"], 1],
    ["supervise --user serve", ["supervise", "--user", "3999:4999", "serve", "--workers", "2"], 3],
    ["supervise serve --user", ["supervise", "serve", "--workers", "2", "--user", "3999:4999"], 3],
  ] as const
) {
  rootTest(`${what}: every process of the app is that user, numbers without an entry`, async () => {
    await using folder = await sharedFolder("keys", "logs");
    const [certificate, key] = [`${folder.path}/keys/c.pem`, `${folder.path}/keys/k.pem`];
    writeSelfSigned(["localhost"], certificate, key);
    const port = freePort();
    await using child = new Child(binaryPath, [
      ...args,
      ...["--host", "127.0.0.1", "--port", `${port}`, "--tls", "--cert", certificate, "--key", key],
      ...["--access-log", `${folder.path}/logs/a.log`, "--text", "hello"],
    ], byDefault);
    await child.waitForLine("listening on");
    const first = await child.waitUntil(
      "TLS",
      () => servedCertificate(port, "localhost").then((text) => text || null),
    );
    const pids = descendantPids(child.pid);
    assertEquals(pids.length, generations);
    for (const pid of pids) assertIsUser(pid, 3999, 4999);
    if (generations > 1) {
      Deno.kill(pids.at(-1)!, "SIGKILL");
      await child.waitUntil("another worker", () => {
        const now = descendantPids(child.pid);
        return now.length === generations && !now.includes(pids.at(-1)!) || null;
      });
      assertEquals(await servedCertificate(port, "localhost"), first);
    }
    assertEquals((await child.stop()).code, 0);
  });
}

rootTest("a log command of the proxy keeps the rights that it was started with", async () => {
  await using folder = await sharedFolder("logs");
  const port = freePort();
  const file = await folder.write(
    "h2o.conf",
    `listen: {port: ${port}, host: 127.0.0.1}
access-log: "| cat >> ${folder.path}/logs/piped.log"
hosts: {default: {paths: {/: {status: ON}}}}
`,
  );
  await using child = new Child(binaryPath, ["proxy", "-c", file], byDefault);
  await child.waitForLine("listening on");
  assertEquals(await statusOf(port), "200");
  assertEquals((await child.stop()).code, 0);
  assertMatch(await Deno.readTextFile(`${folder.path}/logs/piped.log`), /GET \/ /);
  assertEquals(Deno.statSync(`${folder.path}/logs/piped.log`).uid, 0);
});

const config = (port: number, user: string) =>
  `${user}\nlisten: {port: ${port}, host: 127.0.0.1}\nhosts: {default: {paths: {/: {status: ON}}}}\n`;

rootTest("user: root keeps root, and says so; --user comes before it", async () => {
  await using folder = await sharedFolder();
  const port = freePort();
  const file = await folder.write("h2o.conf", config(port, "user: root"));
  {
    await using child = new Child(binaryPath, ["proxy", "-c", file], byDefault);
    await child.waitForLine("listening on");
    assertMatch(child.stderr, /\[warn\] \[.*h2o\.conf:1\] user: root keeps root/);
    assertEquals(descendantPids(child.pid), []);
  }
  await using child = new Child(binaryPath, ["proxy", "--user", "www-data", "-c", file], byDefault);
  await child.waitForLine("listening on");
  for (const pid of descendantPids(child.pid)) assertIsUser(pid, 33);
});

/** Name, words before the program, its words, `user` of the file -> exit code and the one line. */
type Refusal = readonly [string, readonly string[], readonly string[], string, RegExp];

const asUser = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"];
const withoutRight = ["setpriv", "--bounding-set", "-setuid", "--inh-caps", "-setuid"];
const refusals: readonly Refusal[] = [
  ["a missing user", [], ["proxy", "--user", "nosuch"], "", /no user nosuch/],
  ["a missing group", [], ["proxy", "--user", "nobody:nosuch"], "", /no group nosuch/],
  [
    "a missing user of the file",
    [],
    ["proxy"],
    "user: nosuch",
    /h2o\.conf:1\] user: .*no user nosuch/,
  ],
  ["root without the right", withoutRight, ["proxy"], "", /root has no right to become nobody/],
  ["root without the right", withoutRight, ["proxy"], "user: www-data", /become www-data/],
  ["another user", asUser, ["proxy", "--user", "nobody"], "", /only root can become nobody/],
];

for (const [what, before, words, user, line] of refusals) {
  rootTest(`${words.join(" ")} by ${what} ${user} ends in one line`, async () => {
    await using folder = await sharedFolder();
    const file = await folder.write("h2o.conf", config(freePort(), user), 0o644);
    const [program, ...args] = [...before, binaryPath, ...words, "-c", file];
    for (const more of [[], ["-t"]]) {
      const { code, stderr } = await runProgram(program, [...args, ...more], byDefault);
      assertEquals(code, 1, stderr);
      assertMatch(stderr, line);
      assertEquals(stderr.trim().split("\n").length, 1, stderr);
    }
  });
}

for (
  const [what, before, words, line] of [
    ["serve", [], ["serve", "--user", "nosuch", "--text", "x"], /--user: this host has no user/],
    ["serve", withoutRight, ["serve", "--user", "nobody", "--text", "x"], /root has no right/],
    ["serve", asUser, ["serve", "--user", "nobody", "--text", "x"], /only root can become nobody/],
    [
      "supervise",
      [],
      ["supervise", "--user", "nosuch", "--", "true"],
      /this host has no user nosuch/,
    ],
    [
      "supervise",
      withoutRight,
      ["supervise", "--user", "nobody", "--", "true"],
      /root has no right/,
    ],
    ["supervise", asUser, ["supervise", "--user", "0", "--", "true"], /only root can become 0/],
  ] as const
) {
  rootTest(`${what} ${words[2]} ${before[1] ?? ""} ends in one line`, async () => {
    const [program, ...args] = [...before, binaryPath, ...words];
    const { code, stderr } = await runProgram(program, args, byDefault);
    assertEquals(code, 1, stderr);
    assertMatch(stderr, line);
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
  });
}

rootTest("a process that is the user already has nothing to do, and needs no root", async () => {
  await using folder = await sharedFolder();
  const port = freePort();
  const file = await folder.write("h2o.conf", config(port, "user: 1000"), 0o644);
  const [program, ...args] = [...asUser, binaryPath, "proxy", "--user", "1000", "-c", file];
  await using child = new Child(program, args, byDefault);
  await child.waitForLine("listening on");
  assertEquals(await statusOf(port), "200");
  assertEquals(child.stderr.includes("[warn]"), false, child.stderr);
});

rootTest("proxy -t says whom a start would become, and changes nothing", async () => {
  await using folder = await sharedFolder();
  const file = await folder.write("h2o.conf", config(freePort(), ""));
  const { code, stdout, stderr } = await runHayate(["proxy", "-t", "-c", file], byDefault);
  assertEquals([code, stdout], [0, "configuration OK\n"]);
  assertMatch(stderr, /runs as nobody/);
});

/** An unusable resource ends a start with one line, for any number of workers, and `-t` finds it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { descendantPids, runHayate, startHayate } from "../../support/binary.ts";
import { isGone } from "../../support/child.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { RawConnection, tcp } from "../../support/raw_socket.ts";

interface Fault {
  readonly name: string;
  readonly config: (folder: TempFolder, port: number) => Promise<string> | string;
  readonly line: RegExp;
}

const hosts = `hosts: {default: {paths: {/: {redirect: "http://new.test/"}}}}`;
const listen = (port: number) => `listen: {port: ${port}, host: 127.0.0.1}`;

const faults: readonly Fault[] = [
  {
    name: "an access log in a folder that is not there",
    config: ({ path }, port) => `${listen(port)}\naccess-log: ${path}/none/a.log\n${hosts}`,
    line: /h2o\.conf:2\] access-log: cannot open log file .*: No such file or directory$/,
  },
  {
    name: "an access log that is a folder",
    config: ({ path }, port) => `${listen(port)}\naccess-log: ${path}\n${hosts}`,
    line: /cannot open log file .*: is a directory$/i,
  },
  {
    name: "an error log in a folder that is not there",
    config: ({ path }, port) => `${listen(port)}\nerror-log: ${path}/none/e.log\n${hosts}`,
    line: /error-log: cannot open log file .*: No such file or directory$/,
  },
  {
    name: "a key that is not there",
    config: ({ path }, port) =>
      `listen: {port: ${port}, host: 127.0.0.1, ssl: {certificate-file: ${path}/c, key-file: ${path}/k}}
${hosts}`,
    line: /\/[ck]: cannot read the (certificate|key).*: no such file/,
  },
  {
    name: "an address of another host",
    config: (_folder, port) => `listen: {port: ${port}, host: 192.0.2.1}\n${hosts}`,
    line: /192\.0\.2\.1:\d+: this host has no such address$/,
  },
];

for (const fault of faults) {
  for (const workers of [1, 2]) {
    Deno.test(`proxy with ${workers} worker(s), and -t, exit with one line: ${fault.name}`, async () => {
      await using folder = await tempFolder();
      const text = await fault.config(folder, freePort());
      const file = await folder.write("h2o.conf", `${text}\nnum-threads: ${workers}\n`);
      const entries = () => [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
      const before = entries();
      for (const flags of [[], ["-t"]]) {
        const { code, stderr, stdout } = await runHayate(["proxy", ...flags, "-c", file], {
          waitTimeoutMs: 20_000,
        });
        assertMatch(stderr.trimEnd(), fault.line);
        assertEquals(stderr.trimEnd().split("\n").length, 1);
        assertEquals(stdout, "");
        // EX_CONFIG, as h2o's. Sockets and keys keep the codes that they have in other modes.
        if (fault.name.includes(" log")) assertEquals(code, 78);
        else assert(code !== 0);
      }
      assertEquals(entries(), before);
    });
  }
}

Deno.test("two workers of the portable reactor are refused in one line, also by -t", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("h2o.conf", `${listen(freePort())}\nnum-threads: 2\n${hosts}\n`);
  for (const flags of [[], ["-t"]]) {
    const { code, stderr } = await runHayate(["proxy", ...flags, "-c", file], {
      env: { HAYATE_REACTOR: "portable" },
      waitTimeoutMs: 20_000,
    });
    assertEquals(code, 78);
    assertEquals(
      stderr,
      "hayate proxy: num-threads: 2: workers of the portable reactor cannot share sockets; " +
        "use HAYATE_REACTOR=epoll, or num-threads: 1\n",
    );
  }
  for (const args of [["help", "proxy", "directives"], ["proxy", "--help"]]) {
    const { stdout } = await runHayate(args);
    assertMatch(stdout, /num-threads[^]*HAYATE_REACTOR=portable|HAYATE_REACTOR .*num-threads/);
  }
});

Deno.test("proxy -t leaves no file, starts no command and accepts a port in use", async () => {
  await using folder = await tempFolder();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const { path } = folder;
  const file = await folder.write(
    "h2o.conf",
    `${listen(port)}
access-log: ${path}/a.log
error-log: "| touch ${path}/started; cat"
pid-file: ${path}/pid
state: ${path}/state
control: ${path}/c.sock
${hosts}
`,
  );
  const { code, stdout, stderr } = await runHayate(["proxy", "-t", "-c", file]);
  listener.close();
  assertEquals([code, stdout, stderr], [0, "configuration OK\n", ""]);
  assertEquals([...Deno.readDirSync(path)].map(({ name }) => name), ["h2o.conf"]);
});

for (const workers of [1, 2]) {
  Deno.test(`error-log: "| command" gets each line, across HUP, with ${workers} worker(s)`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const { path } = folder;
    const file = await folder.write(
      "h2o.conf",
      `listen: {port: ${port}, host: 127.0.0.1}
error-log: "| tee -a ${path}/e.log >/dev/null"
num-threads: ${workers}
upstreams: {app: {servers: ["127.0.0.1:9"]}}
hosts: {default: {paths: {/: {proxy.reverse.url: "http://app/"}}}}
`,
    );
    const child = startHayate(["proxy", "-c", file]);
    const logged = (pattern: RegExp) =>
      child.waitUntil(`the line ${pattern}`, () => {
        try {
          return pattern.test(Deno.readTextFileSync(`${path}/e.log`)) ? true : null;
        } catch (error) {
          if (error instanceof Deno.errors.NotFound) return null;
          throw error;
        }
      });
    const commands = () =>
      descendantPids(child.pid).filter((pid) => {
        try {
          return Deno.readTextFileSync(`/proc/${pid}/comm`) === "tee\n";
        } catch (error) {
          if (isGone(error)) return false;
          throw error;
        }
      });
    try {
      await logged(/\[info\] listening on/);
      using client = await RawConnection.open(tcp(port));
      await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      assertMatch(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 502 /);
      await logged(/\[error\] .*upstream/);
      const before = commands().length;
      child.kill("SIGHUP");
      await logged(/the new configuration is in force/);
      // The command of a replaced plan ends with it.
      await child.waitUntil("the same commands", () => commands().length === before ? true : null);
    } finally {
      const { code, stderr } = await child.stop();
      assertEquals([code, stderr], [0, ""]);
    }
    assertMatch(
      Deno.readTextFileSync(`${path}/e.log`),
      /received TERM, gracefully shutting down\n/,
    );
  });
}

Deno.test("-t reports every start-up error in one run, each once", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  const ssl = (name: string) => `ssl: {certificate-file: ${path}/${name}.pem, key-file: ${path}/k}`;
  const file = await folder.write(
    "h2o.conf",
    `listen: {port: ${freePort()}, host: 127.0.0.1, ${ssl("a")}}
listen: {port: ${freePort()}, host: 127.0.0.1, ${ssl("b")}}
access-log: ${path}/none/a.log
error-log: ${path}/none/e.log
pid-file: ${path}/none/pid
state: ${path}/none/state
control: ${path}/none/control.sock
hosts:
  default:
    access-log: ${path}/none/b.log
    paths:
      /: {access-log: ${path}/none/c.log, redirect: "http://new.test/"}
      /d: {access-log: ${path}/none/d.log, redirect: "http://new.test/"}
`,
  );
  const { code, stderr } = await runHayate(["proxy", "-t", "-c", file], { waitTimeoutMs: 20_000 });
  const lines = stderr.trimEnd().split("\n");
  const wanted = ["a.log", "b.log", "c.log", "d.log", "e.log", "pid", "state", "control.sock"];
  for (const name of [...wanted.map((name) => `none/${name}`), "a.pem", "b.pem"]) {
    assertEquals(lines.filter((line) => line.includes(`${path}/${name}`)).length, 1, name);
  }
  assertEquals(lines.length, 10);
  assertEquals(code, 78);
});

Deno.test("a refused token is reported as that only", async () => {
  await using folder = await tempFolder();
  const control = `control: {listen: "127.0.0.1:${freePort()}", token: "two words"}`;
  const file = await folder.write("h2o.conf", `${listen(freePort())}\n${control}\n${hosts}\n`);
  const { code, stderr } = await runHayate(["proxy", "-t", "-c", file], { waitTimeoutMs: 20_000 });
  assertMatch(stderr, /control\.token: found `two words`; allowed: /);
  assertEquals(stderr.trimEnd().split("\n").length, 1);
  assertEquals(code, 78);
});

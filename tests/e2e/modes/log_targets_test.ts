/** Targets of access logs other than a plain file: syslog, commands, rotated files; serve and proxy. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Child, trySignal, withTimeout } from "../../support/binary.ts";
import { type TempFolder, tempFolder } from "../../support/ports.ts";
import { RawConnection, tcp } from "../../support/raw_socket.ts";
import { TestProxy } from "../../support/proxy.ts";
import { startServe } from "../../support/serve.ts";

/** The mode that writes the log. */
interface Logging extends AsyncDisposable {
  readonly child: Child;
  readonly port: number;
  readonly folder: TempFolder;
}

const format = "%m %U %s";

async function startLogging(mode: string, target: string): Promise<Logging> {
  if (mode === "serve") {
    return await startServe({
      args: ["--access-log", target, "--access-log-format", format, "--text", "hello"],
    });
  }
  const proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
access-log: {path: '${target}', format: '${format}'}
control: DIR/c.sock
hosts: {default: {paths: {/: {redirect: "http://new.test/"}}}}
`);
  const { port } = proxy.address as { port: number };
  return {
    child: proxy.child,
    port,
    folder: proxy.folder,
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** Registers `body` for both modes. */
function eachMode(name: string, body: (mode: string) => Promise<void>): void {
  for (const mode of ["serve", "proxy"]) Deno.test(`${name} (${mode})`, () => body(mode));
}

/** Sends `count` requests one after the other and reads each response. */
async function request(port: number, count: number, path = "/"): Promise<void> {
  using connection = await RawConnection.open(tcp(port));
  for (let i = 0; i < count; i++) {
    await connection.send(`GET ${path}${i} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const head = await connection.readUntil("\r\n\r\n");
    await connection.readBytes(Number(/content-length: (\d+)/i.exec(head)![1]));
  }
}

/** RFC 5424 section 6: PRI of local0 and informational, version, time, host, name, pid. */
const header =
  /^<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z) \S+ web \d+ - - (GET \/\d+ \d{3})$/;

function linesOf(messages: readonly string[]): string[] {
  return messages.map((message) => {
    assertMatch(message, header);
    return header.exec(message)![3].replace(/ \d+$/, "");
  });
}

function closing(socket: Deno.DatagramConn): Disposable {
  return { [Symbol.dispose]: () => socket.close() };
}

async function readDatagrams(socket: Deno.DatagramConn, count: number): Promise<string[]> {
  const messages: string[] = [];
  while (messages.length < count) {
    const [bytes] = await socket.receive();
    messages.push(new TextDecoder().decode(bytes));
  }
  return messages;
}

/** Messages with their length in front (RFC 6587, 3.4.1). */
async function readCounted(connection: RawConnection, count: number): Promise<string[]> {
  const messages: string[] = [];
  while (messages.length < count) {
    const length = (await connection.readUntil(" ")).trimEnd();
    assertMatch(length, /^[1-9]\d*$/);
    messages.push(await connection.readBytes(Number(length)));
  }
  return messages;
}

const settings = "facility=local0,tag=web";
const three = ["GET /0", "GET /1", "GET /2"];

eachMode("syslog over UDP gets one RFC 5424 message for each line", async (mode) => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  using _ = closing(socket);
  const { port } = socket.addr as Deno.NetAddr;
  await using logging = await startLogging(mode, `syslog:udp://127.0.0.1:${port},${settings}`);
  await request(logging.port, 3);
  assertEquals(linesOf(await readDatagrams(socket, 3)), three);
});

eachMode(
  "syslog over TCP gets octet-counted messages, before and after an outage of its receiver",
  async (mode) => {
    let listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    await using logging = await startLogging(mode, `syslog:tcp://127.0.0.1:${port},${settings}`);
    await request(logging.port, 3);
    {
      using connection = new RawConnection(await listener.accept());
      assertEquals(linesOf(await readCounted(connection, 3)), three);
      listener.close();
    }
    await logging.child.waitUntil("the complaint", async () => {
      await request(logging.port, 1);
      return /syslog: .*refused/i.test(logging.child.stderr) ? true : null;
    });
    listener = Deno.listen({ hostname: "127.0.0.1", port });
    const accepted = listener.accept();
    await logging.child.waitUntil("a new connection", async () => {
      await request(logging.port, 1);
      return await withTimeout(accepted, 100);
    });
    using connection = new RawConnection(await accepted);
    assertEquals(linesOf(await readCounted(connection, 1)), ["GET /0"]);
    listener.close();
    await logging.child.stop();
    assertMatch(logging.child.stderr, /\d+ log lines? (was|were) lost: the syslog receiver/);
  },
);

eachMode("syslog over a unix datagram socket such as /dev/log", async (mode) => {
  await using folder = await tempFolder();
  const path = `${folder.path}/log`;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  using _ = closing(socket);
  await using logging = await startLogging(mode, `syslog:unix:${path},${settings}`);
  await request(logging.port, 3);
  assertEquals(linesOf(await readDatagrams(socket, 3)), three);
});

eachMode("syslog over a unix stream socket", async (mode) => {
  await using folder = await tempFolder();
  const path = `${folder.path}/log`;
  using listener = Deno.listen({ transport: "unix", path });
  await using logging = await startLogging(mode, `syslog:unix:${path},${settings}`);
  await request(logging.port, 3);
  using connection = new RawConnection(await listener.accept());
  assertEquals(linesOf(await readCounted(connection, 3)), three);
});

/** More than the 1 MB queue and the pipe or socket buffers can hold. */
const flood = { count: 1600, path: `/${"x".repeat(4000)}` };

eachMode("a receiver that reads nothing delays neither requests nor the exit", async (mode) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  await using logging = await startLogging(mode, `syslog:tcp://127.0.0.1:${port}`);
  const accepted = listener.accept();
  await request(logging.port, flood.count, flood.path);
  using _ = await accepted;
  await logging.child.waitForLine(/\d+ log lines were lost: the syslog receiver/);
  assertEquals((await logging.child.stop()).code, 0);
});

eachMode("a log command that reads nothing delays neither requests nor the exit", async (mode) => {
  await using folder = await tempFolder();
  const command = `exec > ${folder.path}/pid 2>&1; echo $$; exec sleep 60`;
  await using logging = await startLogging(mode, `| ${command}`);
  await request(logging.port, flood.count, flood.path);
  await logging.child.waitForLine(/\d+ log lines were lost: the log command .*: exec >/);
  if (mode === "proxy") {
    const lost = await lostLines(logging.folder);
    assert(lost > 100 && lost < flood.count, `${lost}`);
  }
  const { code, stderr } = await logging.child.stop();
  assertEquals(code, 0);
  assertMatch(stderr, /log command did not exit within 3000 ms: exec >/);
  // It outlives its writer by design, but must not outlive the test.
  trySignal(Number(await Deno.readTextFile(`${folder.path}/pid`)), "SIGKILL");
});

async function lostLines(folder: TempFolder): Promise<number> {
  using connection = await RawConnection.open({ kind: "unix", path: `${folder.path}/c.sock` });
  await connection.send("GET /metrics HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n");
  const text = new TextDecoder().decode(await connection.readAll({ idleMs: 2000 }));
  return Number(/^hayate_log_lines_lost_total (\d+)$/m.exec(text)![1]);
}

eachMode("a log command that dies is restarted, and requests continue", async (mode) => {
  await using folder = await tempFolder();
  const out = `${folder.path}/out`;
  // Each command reads one line and exits.
  const target = `| read -r line; echo "$line" >> ${out}`;
  await using logging = await startLogging(mode, target);
  await request(logging.port, 1);
  await logging.child.waitForLine(/log command exited \(exit 0\), restarting it in \d+ ms/);
  await logging.child.waitUntil("lines of three commands", async () => {
    await request(logging.port, 1);
    const text = await Deno.readTextFile(out).catch(() => "");
    return text.split("\n").length > 3 ? true : null;
  });
  assertMatch(await Deno.readTextFile(out), /^(GET \/0 \d+\n)+$/);
});

eachMode(
  "pipe:rollback rotates full files, keeps the given number of them and loses no line",
  async (mode) => {
    await using folder = await tempFolder();
    const path = `${folder.path}/a.log`;
    const target = `pipe:rollback ${path} interval=1d baknum=3 maxsize=1k`;
    await using logging = await startLogging(mode, target);
    for (let round = 0; round < 3; round++) {
      await request(logging.port, 100, `/${round}/`);
      logging.child.kill("SIGUSR1");
      await logging.child.waitUntil("the round's lines in a file", async () => {
        const text = await Deno.readTextFile(path).catch(() => "");
        return text.includes(`/${round}/99 `) ? true : null;
      });
    }
    await logging.child.stop();
    const files = ["a.log.2", "a.log.1", "a.log"].map((name) => `${folder.path}/${name}`);
    const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));
    const wanted = Array.from({ length: 300 }, (_, i) => `GET /${Math.floor(i / 100)}/${i % 100}`);
    const seen = texts.join("").trimEnd().split("\n").map((line) => line.replace(/ \d+$/, ""));
    assertEquals(seen, wanted);
    assertEquals(texts.map((text) => text.split("\n").length - 1), [100, 100, 100]);
  },
);

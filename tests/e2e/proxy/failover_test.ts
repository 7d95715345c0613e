/** Retry budget, outlier ejection, least_time and buffered request bodies, on the built program. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sleep } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import {
  always,
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
  type UpstreamScript,
} from "../../support/proxy.ts";

function before(
  servers: readonly (string | ScriptedUpstream)[],
  lines: readonly string[],
  global = "",
): Promise<TestProxy> {
  const control = `control: DIR/c.sock\n${global}`;
  return TestProxy.beforeServers(servers, lines, ["proxy.timeout.io: 2000"], control);
}

function sumOfBytes(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum += text.charCodeAt(i);
  return sum;
}

/** Reads a body with a length, and answers with its length and checksum. */
async function sumOf(peer: Parameters<UpstreamScript>[0], head: string): Promise<string> {
  const length = Number(/content-length: ([0-9]+)/i.exec(head)?.[1] ?? 0);
  const body = await peer.raw.readBytes(length);
  return `${body.length} ${sumOfBytes(body)}`;
}

const summing: UpstreamScript = async (peer) => {
  for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
    await peer.send(response(await sumOf(peer, head)));
  }
};

/** Reads the whole request and then closes without a response. */
const swallowing: UpstreamScript = async (peer) => {
  const head = await peer.readHead();
  if (head !== null) await sumOf(peer, head);
};

async function peersOf(proxy: TestProxy): Promise<{ state: string; server: string }[]> {
  return JSON.parse(parts(await proxy.control("GET", "/api/9/http/upstreams/app")).body).peers;
}

/** Bytes that are not all the same, and their sum. */
function sample(length: number): { text: string; sum: number } {
  let text = "";
  for (let i = 0; i < length; i++) text += String.fromCharCode(97 + i * 7 % 26);
  return { text, sum: sumOfBytes(text) };
}

function put(body: string, fields = ""): string {
  return `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n${fields}` +
    `Connection: close\r\n\r\n${body}`;
}

Deno.test("Without budget only requests that were never sent are retried", async () => {
  const closes: UpstreamScript = async (peer) => void await peer.readHead();
  await using bad = ScriptedUpstream.start(closes);
  await using good = ScriptedUpstream.start(always(response("good")));
  const lines = ["retry_budget: 0% min=0"];
  await using proxy = await before([`127.0.0.1:${bad.port} max_fails=0`, good], lines);
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push(parts(await proxy.get("/")).status);
  assertEquals(statuses.sort(), [200, 200, 200, 502, 502, 502]);
  // Retrying a refused connection adds no load to a server.
  await using free = await before([`127.0.0.1:${freePort()} max_fails=0`, good], lines);
  for (let i = 0; i < 6; i++) assertEquals(parts(await free.get("/")).body, "good");
});

Deno.test("Consecutive errors eject a server: it is unavail, is logged and returns", async () => {
  let isBroken = true;
  await using bad = ScriptedUpstream.start(async (peer) => {
    while (await peer.readHead() !== null) {
      await peer.send(isBroken ? response("bad", "", "500 X") : response("recovered"));
    }
  });
  await using good = ScriptedUpstream.start(always(response("good")));
  await using proxy = await before([bad, good], ["outlier: consecutive_errors=3 base_ejection=1s"]);
  await proxy.child.waitUntil("the ejection", async () => {
    await proxy.get("/");
    return bad.heads.length === 3 || null;
  });
  const server = `upstream app: server 127.0.0.1:${bad.port}`;
  await proxy.child.waitForLine(`${server} ejected for 1s: 3 errors in a row`);
  isBroken = false;
  await proxy.child.waitForLine(`${server} is back after 1s`);
  await proxy.child.waitUntil(
    "the recovered server",
    async () => parts(await proxy.get("/")).body === "recovered" || null,
  );
});

Deno.test("With several workers the master ejects for all of them, within the limit", async () => {
  await using a = ScriptedUpstream.start(always(response("a", "", "503 X")));
  await using b = ScriptedUpstream.start(always(response("b", "", "503 X")));
  await using c = ScriptedUpstream.start(always(response("c")));
  await using proxy = await before(
    [a, b, c],
    ["outlier: consecutive_errors=2 base_ejection=60s max_ejected=34%"],
    "num-threads: 2",
  );
  await proxy.child.waitUntil("one server out", async () => {
    await proxy.get("/");
    return (await peersOf(proxy)).some(({ state }) => state === "unavail") || null;
  });
  const isOut = (await peersOf(proxy)).find(({ state }) => state === "unavail")!.server;
  const name = isOut.endsWith(`:${a.port}`) ? "a" : "b";
  // The workers are notified shortly after; from then on none of them uses that server.
  await proxy.child.waitUntil("all workers", async () => {
    let bodies = "";
    for (let i = 0; i < 24; i++) bodies += parts(await proxy.get("/")).body;
    return !bodies.includes(name) || null;
  });
  const states = (await peersOf(proxy)).map(({ state }) => state).sort();
  assertEquals(states, ["unavail", "up", "up"]);
});

Deno.test("least_time prefers the faster server", async () => {
  await using slow = ScriptedUpstream.start(async (peer) => {
    while (await peer.readHead() !== null) {
      await sleep(150);
      await peer.send(response("slow"));
    }
  });
  await using quick = ScriptedUpstream.start(always(response("quick")));
  for (const balance of ["least_time header", "least_time last_byte inflight"]) {
    await using proxy = await before([slow, quick], [`balance: ${balance}`]);
    let slowCount = 0;
    for (let i = 0; i < 12; i++) if (parts(await proxy.get("/")).body === "slow") slowCount++;
    assert(slowCount <= 2, `${balance}: ${slowCount}`);
  }
});

Deno.test("A buffered body of any size is sent again, from memory and from the file", async () => {
  const { text, sum } = sample(400_000);
  await using bad = ScriptedUpstream.start(swallowing);
  await using good = ScriptedUpstream.start(summing);
  const lines = ["request_buffer: memory=64k file=1m dir=DIR"];
  await using proxy = await before([bad, good], lines);
  const answer = parts(await proxy.exchange(put(text)));
  assertEquals(answer.body, `400000 ${sum}`);
  assertEquals(bad.heads.length, 1);
  assertEquals([...Deno.readDirSync(proxy.folder.path)].map(({ name }) => name).sort(), [
    "c.sock",
    "h2o.conf",
  ]);
  // Streamed, it cannot be sent again: more bytes were sent than are kept.
  await using other = ScriptedUpstream.start(swallowing);
  await using streaming = await before([other, good], []);
  assertEquals(parts(await streaming.exchange(put(text))).status, 502);
});

Deno.test("A buffered body is forwarded once complete; a larger one is streamed", async () => {
  await using upstream = ScriptedUpstream.start(summing);
  await using proxy = await before([upstream], ["request_buffer: memory=8k file=64k"]);
  const { text, sum } = sample(50_000);
  using slow = await proxy.connect();
  const request = put(text);
  await slow.send(request.slice(0, 30_000));
  assertEquals(parts(await proxy.get("/")).status, 200);
  assertEquals(upstream.heads.length, 1);
  await slow.send(request.slice(30_000));
  await slow.waitForClose();
  assertMatch(new TextDecoder().decode(await slow.readAll()), new RegExp(`50000 ${sum}$`));
  const large = sample(300_000);
  assertEquals(parts(await proxy.exchange(put(large.text))).body, `300000 ${large.sum}`);
});

Deno.test("A chunked body is buffered, and a chunked one too large is streamed in order", async () => {
  // A complete body has a length, the others arrive in chunks.
  await using upstream = ScriptedUpstream.start(async (peer) => {
    const head = await peer.readHead();
    if (head === null) return;
    if (/content-length/i.test(head)) return await peer.send(response(await sumOf(peer, head)));
    let body = "";
    for (;;) {
      const size = parseInt(await peer.raw.readUntil("\r\n"), 16);
      const piece = await peer.raw.readBytes(size + 2);
      if (size === 0) break;
      body += piece.slice(0, size);
    }
    await peer.send(response(`${body.length} ${sumOfBytes(body)}`));
  });
  await using proxy = await before([upstream], ["request_buffer: memory=8k file=64k"]);
  for (const length of [5000, 60_000, 300_000]) {
    const { text, sum } = sample(length);
    let body = "";
    for (let at = 0; at < length; at += 3000) {
      const piece = text.slice(at, at + 3000);
      body += `${piece.length.toString(16)}\r\n${piece}\r\n`;
    }
    const answer = await proxy.exchange(
      `PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body}0\r\n\r\n`,
    );
    assertEquals(parts(answer).body, `${length} ${sum}`);
  }
});

Deno.test("A buffer that cannot be written is a 507 with a log line and never hangs", async () => {
  await using upstream = ScriptedUpstream.start(summing);
  await using folder = await tempFolder();
  const spool = `${folder.path}/spool`;
  await Deno.mkdir(spool);
  await using proxy = await before([upstream], [
    `request_buffer: memory=1k file=1m dir=${spool}`,
  ]);
  await Deno.remove(spool);
  const { text } = sample(50_000);
  const answer = parts(await proxy.exchange(put(text)));
  assertEquals(answer.status, 507);
  await proxy.child.waitForLine("request_buffer of app: ");
  assertEquals(upstream.connectionCount, 0);
  // A body that fits into memory needs no file.
  assertEquals(parts(await proxy.exchange(put("abc"))).status, 200);
});

Deno.test("A client that disconnects while its body is buffered leaks nothing", async () => {
  await using upstream = ScriptedUpstream.start(summing);
  await using proxy = await before([upstream], ["request_buffer: memory=1k file=1m"]);
  const openFiles = () =>
    [...Deno.readDirSync(`/proc/${proxy.child.pid}/fd`)].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/${proxy.child.pid}/fd/${name}`).includes("hayate-body-");
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    }).length;
  {
    using client = await proxy.connect();
    await client.send(put("x".repeat(100_000)).slice(0, 50_000));
    await proxy.child.waitUntil("the file", () => openFiles() === 1 || null);
  }
  await proxy.child.waitUntil("its end", () => openFiles() === 0 || null);
  assertEquals(upstream.connectionCount, 0);
});

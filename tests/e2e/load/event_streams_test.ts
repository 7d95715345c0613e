/** `hayate load --sse` against apps whose counts are known, and servers that misbehave. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatAddress } from "../../../mod/base/address.ts";
import type { ReportJson, RunJson } from "../../../mod/load/report/json/report_json.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { runHayate } from "../../support/binary.ts";
import { countsOf, eventApp } from "../../support/event_app.ts";
import { measure } from "../../support/load.ts";
import { ScriptedUpstream, TestProxy } from "../../support/proxy.ts";
import { eachBackend, startServe } from "../../support/serve.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const files = { "app.js": eventApp };
const eventHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

/** What a run says of its streams. */
function figures({ eventStreams }: RunJson) {
  const { opened, ended, openAtEnd, events, firstEvent, gap, eventsPerStream } = eventStreams!;
  return {
    ...{ opened, ended, openAtEnd, events },
    ...{ firsts: firstEvent.count, gaps: gap.count, least: eventsPerStream.min },
  };
}

function failures(run: RunJson): string[] {
  return run.failures.map(({ kind, code, count }) => `${kind} ${code} ${count}`);
}

eachBackend("load --sse counts every event of streams that end", async (backend) => {
  await using server = await startServe({ args: ["@app.js"], files, backend });
  const path = `${server.folder.path}/app.sock`;
  await using unix = await startServe({ args: ["--path", path, "@app.js"], files, backend });
  await using secure = await startServe({ args: ["--tls", "@app.js"], files, backend });
  const query = "/?n=7&ms=1";
  const cases: readonly (readonly [server: typeof server, args: readonly string[]])[] = [
    [server, [`${server.url}${query}`]],
    [server, ["-t", "2", `${server.url}${query}`]],
    [server, ["--no-keepalive", `${server.url}${query}`]],
    [server, ["-R", "100", `${server.url}${query}`]],
    [server, ["--http2", "-m", "5", `${server.url}${query}`]],
    [unix, ["-P", path, `http://localhost${query}`]],
    [unix, ["--http2", "-m", "3", `http://unix:${path}:${query}`]],
    [secure, ["-k", `${secure.url.replace("http", "https")}${query}`]],
    [secure, ["-k", "--http2", "-m", "4", `${secure.url.replace("http", "https")}${query}`]],
  ];
  for (const [from, args] of cases) {
    const before = from === secure ? null : await countsOf(from);
    const run = await measure("--sse", "-c", "4", "-n", "40", "-T", "10s", ...args);
    assertEquals(
      figures(run),
      { opened: 40, ended: 40, openAtEnd: 0, events: 280, firsts: 40, gaps: 240, least: 7 },
      args.join(" "),
    );
    assertEquals([failures(run), run.requestsInFlightAtEnd], [[], 0]);
    assertEquals(run.intervals.reduce((sum, { received }) => sum + received, 0), 280);
    if (before === null) continue;
    const after = await countsOf(from);
    assertEquals([after.opened - before.opened, after.sent - before.sent], [40, 280]);
  }
});

Deno.test("load --sse holds streams until -d is over, and tells so in text, HTML and merge", async () => {
  await using server = await startServe({ args: ["@app.js"], files });
  const json = `${server.folder.path}/a.json`, html = `${server.folder.path}/a.html`;
  const url = `${server.url}/?n=3&ms=5&hold`;
  const args = ["load", "--sse", "-c", "300", "-d", "3", "-T", "20s", "--json", json];
  const { stdout, stderr, code } = await runHayate([...args, "--html", html, url]);
  assertEquals([stderr, code], ["", 0]);
  assertMatch(stdout, /\nEvent streams: 300 opened, 0 ended by the server, 300 open at the end\n/);
  assertMatch(stdout, /\nEvents: 900, .*; by stream 3\.0 on average, 3 at least, 3 at most\n/);
  assertMatch(stdout, /\nEvent times: .*\n {2}First event .* 300\n {2}Gap .* \d+\n/);
  assertMatch(stdout, / 300 requests in /);
  assertMatch(await Deno.readTextFile(html), /<h2>Event streams<\/h2>[^]*Events per second/);
  const merged = await runHayate(["load", "merge", json, json, "--fail-if", "events!=1800"]);
  assertEquals(merged.code, 0, merged.stderr);
  const { runs: [run] } = JSON.parse(merged.stdout) as ReportJson;
  const { gaps, ...sum } = figures(run);
  assertEquals(
    sum,
    { opened: 600, ended: 0, openAtEnd: 600, events: 1800, firsts: 600, least: 3 },
  );
  assertEquals(gaps, 1200);
  assertMatch(merged.stderr, /\nEvent streams: 600 opened, 0 ended by the server, 600 open/);
});

Deno.test("load --sse through a proxy of ours, with streams of the warm-up and conditions", async () => {
  await using server = await startServe({ args: ["@app.js"], files });
  await using proxy = await TestProxy.before(server.url);
  const base = `http://${formatAddress(proxy.address)}`;
  const run = await measure("--sse", "-c", "3", "-n", "12", `${base}/?n=5&ms=1`);
  assertEquals([figures(run).events, figures(run).ended], [60, 12]);
  // Opened in the warm-up, in which their events come, too.
  const warm = ["--sse", "-c", "4", "--warmup", "2", "-d", "1", `${base}/?n=100000&ms=20&hold`];
  const held = await measure(...warm);
  const { opened, openAtEnd, events, firsts } = figures(held);
  assertEquals([held.eventStreams!.openAtStart, opened, openAtEnd, firsts], [4, 0, 4, 0]);
  assert(events >= 4 && events < 250, `${events}`);
  for (
    const [condition, expected] of [
      ["ended>0", 3],
      ["events<15", 3],
      ["first-event-p50>1h", 0],
      ["gap-max>0us", 3],
      ["gap-p99>1h", 0],
    ] as const
  ) {
    const flags = ["load", "-q", "--sse", "-c", "1", "-n", "2", "--fail-if", condition];
    const { code } = await runHayate([...flags, `${base}/?n=5&ms=1`]);
    assertEquals(code, expected, condition);
  }
});

Deno.test("load --sse names responses that are no event streams, and ends those that never end", async () => {
  const heads: Readonly<Record<string, string>> = {
    "/html":
      "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 2\r\n\r\nno",
    "/none": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
    "/coded": `${eventHead}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno`,
    "/empty": "HTTP/1.1 204 No Content\r\n\r\n",
    "/moved": "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "/lost": "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    "/endless": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\ndata: x\n\n",
    "/cut": `${eventHead}Transfer-Encoding: chunked\r\n\r\n9\r\ndata: x\n\n\r\n9\r\nda`,
    "/dots": `${eventHead.replace("t/event", "T/Event")}Content-Length: 9\r\n\r\ndata: x\n\n`,
  };
  await using server = ScriptedUpstream.start(async ({ readHead, send, raw }) => {
    for (let head = await readHead(); head !== null; head = await readHead()) {
      const path = head.split(" ")[1];
      await send(heads[path]);
      if (path === "/cut") return;
      if (path === "/endless") await raw.readAll({ idleMs: 60_000, totalMs: 60_000 });
    }
  });
  const expected:
    readonly (readonly [path: string, failures: readonly string[], events: number])[] = [
      ["/html", ["notEventStream text/html 4"], 0],
      ["/none", ["notEventStream no content type 4"], 0],
      ["/empty", ["notEventStream status 204 4"], 0],
      ["/moved", ["notEventStream status 302 4"], 0],
      ["/lost", ["status 404 4"], 0],
      ["/coded", ["notEventStream coded gzip 4"], 0],
      ["/endless", ["notEventStream application/json 4"], 0],
      ["/cut", ["truncated EEOF 4"], 4],
      ["/dots", [], 4],
    ];
  for (const [path, named, events] of expected) {
    const args = ["load", "--sse", "-c", "2", "-n", "4", "-T", "20s", "--json", "-"];
    const { stdout, code } = await runHayate([...args, `http://127.0.0.1:${server.port}${path}`]);
    const [run] = (JSON.parse(stdout) as ReportJson).runs;
    assertEquals([failures(run), run.eventStreams!.events], [named, events], path);
    assertEquals(code, run.requestsAnswered > 0 ? 0 : 1, path);
  }
  // Each stream that breaks is one of all, not one of twice as many.
  const cut = await runHayate([
    ...["load", "--sse", "-c", "1", "-n", "2", "--fail-if", "error-rate>=100%"],
    `http://127.0.0.1:${server.port}/cut`,
  ]);
  assertEquals(cut.code, 3);
  assertMatch(cut.stdout, /\nEvent streams: 2 opened, 0 ended by the server, 2 broken, 0 open/);
  const { stdout } = await runHayate(
    ["load", "--sse", "-c", "1", "-n", "2", `http://127.0.0.1:${server.port}/html`],
  );
  assertMatch(stdout, /\nFailed requests: 2: notEventStream 2 \(text\/html\)\n/);
});

Deno.test("load --sse ends a stream whose event never ends, in bounded memory", async () => {
  await using server = ScriptedUpstream.start(async ({ readHead, raw }) => {
    if (await readHead() === null) return;
    await raw.send(`${eventHead}\r\n`);
    const chunk = new Uint8Array(1024 * 1024).fill(0x78);
    for (;;) await raw.send(chunk);
  });
  const run = await measure(
    ...["--sse", "-c", "2", "-n", "2", "-T", "30s"],
    `http://127.0.0.1:${server.port}/`,
  );
  assertEquals(failures(run), ["protocol eventTooLong 2"]);
  assert(run.bytesRead < 200 * 1024 * 1024, `${run.bytesRead}`);
});

Deno.test("load --sse --reconnect waits as the server says, and sends the last identifier", async () => {
  const times: number[] = [];
  await using server = ScriptedUpstream.start(async ({ readHead, send }) => {
    const head = await readHead();
    if (head === null) return;
    times.push(performance.now());
    const number = times.length;
    await send(`${eventHead}\r\nretry: 120\nid: a${number}\ndata: x\n\nid: lost\ndata: x\n`);
  });
  const run = await measure(
    ...["--sse", "--reconnect", "-c", "1", "-n", "4", "-H", "X-A: b"],
    `http://127.0.0.1:${server.port}/here?x=1`,
  );
  assertEquals([figures(run).opened, figures(run).ended, figures(run).events], [4, 4, 4]);
  const ids = server.heads.map((head) => /\r\nLast-Event-ID: (.*)\r\n/.exec(head)?.[1] ?? null);
  assertEquals(ids, [null, "a1", "a2", "a3"]);
  for (const head of server.heads) {
    assertMatch(
      head,
      /^GET \/here\?x=1 HTTP\/1\.1\r\n[^]*X-A: b\r\nAccept: text\/event-stream\r\n/,
    );
  }
  times.slice(1).forEach((time, index) => {
    // The server notes the time before it sends, the client waits from the end.
    assert(time - times[index] >= 100, `${times}`);
  });
});

Deno.test("load --sse --reconnect over HTTP/2 sends the last identifier, too", async () => {
  const app = `
const ids = [];
export default { fetch(request) {
  if (new URL(request.url).pathname === "/ids") return Response.json(ids);
  ids.push(request.headers.get("last-event-id"));
  const headers = { "Content-Type": "text/event-stream" };
  return new Response("retry: 1\\nid: n" + ids.length + "\\ndata: x\\n\\n", { headers });
} };`;
  await using server = await startServe({ args: ["@app.js"], files: { "app.js": app } });
  await measure("--sse", "--reconnect", "--http2", "-c", "1", "-n", "3", `${server.url}/`);
  const ids = await (await fetch(`${server.url}/ids`)).json();
  assertEquals(ids, [null, "n1", "n2"]);
});

Deno.test("load --sse over HTTP/2 gives up what is no event stream, and counts streams that are reset", async () => {
  const app = `
const encoder = new TextEncoder();
export default { fetch(request) {
  const { pathname } = new URL(request.url);
  const type = pathname === "/html" ? "text/html" : "text/event-stream";
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode("data: x\\n\\n"));
      if (pathname === "/broken") setTimeout(() => controller.error(new Error("broken")), 50);
    },
  });
  return new Response(body, { headers: { "Content-Type": type } });
} };`;
  await using server = await startServe({ args: ["@app.js"], files: { "app.js": app } });
  const args = ["--sse", "--http2", "-c", "2", "-m", "2", "-n", "8", "-T", "20s"];
  const { stdout, code } = await runHayate(
    ["load", "--json", "-", ...args, `${server.url}/html`],
  );
  const [html] = (JSON.parse(stdout) as ReportJson).runs;
  assertEquals([failures(html), html.eventStreams!.events, code], [
    ["notEventStream text/html 8"],
    0,
    1,
  ]);
  const broken = await measure(...args, `${server.url}/broken`);
  assertEquals(failures(broken), ["streamReset INTERNAL_ERROR 8"]);
  const { opened, ended, openAtEnd, events } = figures(broken);
  assertEquals([opened, ended, openAtEnd, events, broken.eventStreams!.broken], [8, 0, 0, 8, 8]);
});

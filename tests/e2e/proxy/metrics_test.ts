/** /metrics of the control listener, read by third-party parsers, and its values. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "../../support/binary.ts";
import { Code, Http2Server } from "../../support/http2_server.ts";
import { readFamilies, sampleOf } from "../../support/metrics_reader.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import {
  always,
  fieldLines,
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
} from "../../support/proxy.ts";

async function start(servers: string, more = ""): Promise<TestProxy> {
  return await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: DIR/c.sock
${more}
upstreams:
  app: ${servers}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
}

async function scrape(proxy: TestProxy, accept = ""): Promise<{ head: string; body: string }> {
  return parts(await proxy.control("GET", "/metrics", "", accept));
}

/** Statuses and paths: /bad is 503, /cut breaks off, all others 200. */
function upstream(): ScriptedUpstream {
  return ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      const path = head.split(" ")[1];
      if (path === "/cut") return await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
      await peer.send(response("abcde", "", path === "/bad" ? "503 Bad" : "200 OK"));
    }
  });
}

Deno.test("Latencies, statuses, sizes and retries of each peer are counted", async () => {
  await using app = upstream();
  await using proxy = await start(
    `{servers: ["127.0.0.1:1 weight=100 max_fails=0", "127.0.0.1:${app.port} backup"]}`,
  );
  for (const path of ["/", "/", "/", "/bad", "/cut"]) await proxy.get(path);
  const { body } = await scrape(proxy);
  const peer = `upstream="app",server="127.0.0.1:${app.port}"`;
  assertEquals(sampleOf(body, "hayate_upstream_requests_total", peer), 5);
  assertEquals(sampleOf(body, "hayate_upstream_retries_total", 'upstream="app"'), 5);
  assertEquals(sampleOf(body, "hayate_upstream_responses_total", `${peer},class="2xx"`), 4);
  assertEquals(sampleOf(body, "hayate_upstream_responses_total", `${peer},class="5xx"`), 1);
  const seconds = "hayate_upstream_response_seconds";
  assertEquals(sampleOf(body, `${seconds}_count`, `${peer},class="2xx"`), 3);
  assertEquals(sampleOf(body, `${seconds}_bucket`, `${peer},class="2xx",le="+Inf"`), 3);
  assertEquals(sampleOf(body, `${seconds}_count`, `${peer},class="5xx"`), 1);
  assertEquals(sampleOf(body, `${seconds}_count`, `${peer},class="4xx"`), null);
  assert(sampleOf(body, `${seconds}_sum`, `${peer},class="2xx"`)! > 0);
  assertEquals(
    sampleOf(body, "hayate_upstream_received_bytes_total", peer),
    3 * response("abcde").length + response("abcde", "", "503 Bad").length,
  );
  assert(sampleOf(body, "hayate_upstream_sent_bytes_total", peer)! > 100);
  const dead = 'upstream="app",server="127.0.0.1:1"';
  assertEquals(sampleOf(body, "hayate_upstream_failures_total", dead), 5);
  assertEquals(sampleOf(body, "hayate_cut_responses_total"), 1);
});

Deno.test("Connections, refused requests and broken handshakes are counted by listener and kind", async () => {
  await using proxy = await start(`{servers: "127.0.0.1:1"}`, "http1-request-timeout: 1");
  using held = await proxy.connect();
  await proxy.exchange("GET / HTTP/1.1\r\n\r\n");
  await proxy.exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  await proxy.exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  {
    using slow = await proxy.connect();
    await slow.send("GET / HT");
    assertEquals(await slow.waitForClose(5000), true);
  }
  const { body } = await scrape(proxy);
  const listener = `listener="127.0.0.1:${(proxy.address as { port: number }).port}"`;
  const accepted = sampleOf(body, "hayate_listener_connections_total", listener)!;
  assert(accepted >= 4, body);
  assertEquals(sampleOf(body, "hayate_listener_open_connections", listener), 1);
  const kind = (reason: string) =>
    sampleOf(body, "hayate_listener_protocol_errors_total", `${listener},reason="${reason}"`);
  assertEquals([kind("no Host field"), kind("more than one Host field")], [1, 2]);
  assertEquals(kind("request timed out"), 1);
  assertEquals(held.isClosedByPeer, false);
});

peerTest("openssl", "A failed handshake is counted on the side where it failed", async () => {
  const port = freePort();
  await using folder = await tempFolder();
  await makeCertificate(folder.path);
  const files = `certificate-file: ${folder.path}/c.pem, key-file: ${folder.path}/k.pem`;
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${port}, host: 127.0.0.1, ssl: {${files}}}
control: DIR/c.sock
hosts: {default: {paths: {/: {status: ON}}}}
`);
  await rawExchange(tcp(port), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", { idleMs: 2000 });
  const { body } = await scrape(proxy);
  const failures = "hayate_listener_tls_handshake_failures_total";
  assertEquals(sampleOf(body, failures, `listener="127.0.0.1:${port}"`), 1);
  assertEquals(
    sampleOf(body, "hayate_listener_connections_total", `listener="127.0.0.1:${port}"`),
    0,
  );
});

async function makeCertificate(folder: string): Promise<void> {
  const { code } = await runProgram(peerPath("openssl"), [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"],
    ...["-keyout", `${folder}/k.pem`, "-out", `${folder}/c.pem`],
  ]);
  assertEquals(code, 0);
}

Deno.test("Health checks are counted by result, and the resulting state is shown", async () => {
  await using app = ScriptedUpstream.start(always(response("a")));
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: DIR/c.sock
upstreams:
  app:
    servers: ["127.0.0.1:${app.port}", "127.0.0.1:1"]
    check: interval=50 rise=1 fall=1 timeout=1000 type=http
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
  const labels = (port: number, more = "") => `upstream="app",server="127.0.0.1:${port}"${more}`;
  const text = await proxy.child.waitUntil("three checks", async () => {
    const { body } = await scrape(proxy);
    const passed = labels(app.port, ',result="passed"');
    return sampleOf(body, "hayate_upstream_checks_total", passed)! >= 3 ? body : null;
  });
  assertEquals(sampleOf(text, "hayate_upstream_up", labels(app.port)), 1);
  assertEquals(sampleOf(text, "hayate_upstream_up", labels(1)), 0);
  assertEquals(sampleOf(text, "hayate_upstream_state", labels(1, ',state="unhealthy"')), 1);
  assertEquals(sampleOf(text, "hayate_upstream_state", labels(1, ',state="up"')), 0);
  assert(sampleOf(text, "hayate_upstream_check_rise", labels(app.port))! >= 3);
  assert(sampleOf(text, "hayate_upstream_check_fall", labels(1))! >= 1);
});

Deno.test("Several workers report as one proxy", async () => {
  await using app = upstream();
  await using proxy = await start(`{servers: "127.0.0.1:${app.port}"}`, "num-threads: 2");
  for (let i = 0; i < 12; i++) await proxy.get(i % 3 === 0 ? "/bad" : "/");
  await proxy.exchange("GET / HTTP/1.1\r\n\r\n");
  const peer = `upstream="app",server="127.0.0.1:${app.port}"`;
  const seconds = "hayate_upstream_response_seconds_count";
  const listener = `listener="127.0.0.1:${(proxy.address as { port: number }).port}"`;
  const body = await proxy.child.waitUntil("every request in the sums", async () => {
    const text = (await scrape(proxy)).body;
    const faults = `${listener},reason="no Host field"`;
    const refused = sampleOf(text, "hayate_listener_protocol_errors_total", faults) ?? 0;
    const answered = ["2xx", "5xx"].map((one) => sampleOf(text, seconds, `${peer},class="${one}"`));
    return answered[0]! + answered[1]! + refused === 13 ? text : null;
  });
  assert(sampleOf(body, "hayate_listener_connections_total", listener)! >= 13);
  const buckets = body.split("\n").filter((line) =>
    line.startsWith("hayate_upstream_response_seconds_bucket") && line.includes('le="+Inf"')
  );
  assertEquals(buckets.map((line) => Number(line.split(" ")[1])), [8, 4]);
});

const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const plain = "text/plain; version=0.0.4; charset=utf-8";

Deno.test("The client's Accept chooses between Prometheus's text and OpenMetrics", async () => {
  await using proxy = await start(`{servers: "127.0.0.1:1"}`);
  const rows: [string, string][] = [
    ["", plain],
    ["Accept: */*\r\n", plain],
    ["Accept: text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n", plain],
    [
      "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n",
      openMetrics,
    ],
    ["Accept: application/openmetrics-text;q=0.3, text/plain;q=0.5\r\n", plain],
    ["Accept: application/openmetrics-text;q=0\r\n", plain],
  ];
  for (const [accept, type] of rows) {
    const { head, body } = await scrape(proxy, accept);
    assertEquals(fieldLines(head).includes(`content-type: ${type}`), true, accept);
    assertEquals(body.endsWith("# EOF\n"), type === openMetrics);
    assertMatch(body, /hayate_requests_total \d+\n/);
  }
});

peerTest("python3-prometheus-client", "Both texts satisfy a strict parser", async () => {
  await using app = upstream();
  await using proxy = await start(
    `{servers: ["127.0.0.1:${app.port}", "127.0.0.1:1 backup"], check: "interval=60000 type=tcp"}`,
  );
  for (const path of ["/", "/bad", "/cut"]) await proxy.get(path);
  await proxy.exchange("GET / HTTP/1.1\r\n\r\n");
  const read = async (kind: "openmetrics" | "prometheus", type: string) =>
    await readFamilies(kind, (await scrape(proxy, `Accept: ${type}\r\n`)).body, proxy.folder);
  const open = await read("openmetrics", openMetrics);
  const text = await read("prometheus", plain);
  for (const [name, { type, unit, sampleCount }] of open) {
    assertEquals(text.get(name)?.type, type, name);
    assertEquals(text.get(name)?.sampleCount, sampleCount, name);
    assertEquals(/_(seconds|bytes)$/.exec(name)?.[1] ?? "", unit, name);
  }
  assertEquals(open.get("hayate_upstream_response_seconds")?.type, "histogram");
  assertEquals(open.get("hayate_upstream_header_seconds")?.type, "summary");
  assertEquals(open.get("hayate_requests")?.type, "counter");
});

Deno.test("The API shows the times of a peer as a histogram, its statuses and its bytes", async () => {
  await using app = upstream();
  await using proxy = await start(`{servers: "127.0.0.1:${app.port}"}`);
  for (const path of ["/", "/", "/bad"]) await proxy.get(path);
  const { body } = parts(await proxy.control("GET", "/api/9/http/upstreams/app"));
  const [peer] = JSON.parse(body).peers;
  assertEquals(peer.responses.codes, { 200: 2, 503: 1 });
  const { count, sum, buckets } = peer.response_time_hist;
  assertEquals([count, buckets["+Inf"], Object.keys(buckets).length], [3, 3, 19]);
  assert(sum >= 0 && peer.response_time >= 0 && peer.sent > 0 && peer.received > 0);
});

for (const workers of [1, 2]) {
  Deno.test(`HTTP/2 to upstreams is counted by upstream, with ${workers} worker(s)`, async () => {
    let held = 0;
    await using app = new Http2Server({
      onRequest(peer, id) {
        if (peer.requestCount === 1) return peer.reset(id, Code.refusedStream);
        if (peer.requestCount === 3) return peer.reset(id, Code.internalError);
        if (peer.requestCount === 4) return void held++;
        peer.answer(id);
      },
    });
    const { host } = new URL(app.url);
    await using proxy = await start(
      `{servers: "${host}", http2_ratio: 100, http2_force_cleartext: ON}`,
      `num-threads: ${workers}\nproxy.http2.ratio: 100`,
    );
    let body = "";
    // One connection, so that one worker handles all.
    {
      using client = await proxy.connect();
      const ask = () => client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      for (const status of [200, 502]) {
        await ask();
        assertMatch(await client.readUntil("\r\n\r\n"), new RegExp(`^HTTP/1.1 ${status}`));
        await client.readUntil(status === 200 ? "0\r\n\r\n" : "\n");
      }
      await ask();
      await proxy.child.waitUntil("the request that stays open", () => held === 1 || null);
      app.connections[0].goaway(7);
      body = await proxy.child.waitUntil("the counters", async () => {
        const { body } = await scrape(proxy);
        return sampleOf(body, "hayate_upstream_http2_goaways_total", 'upstream="app"') === 1
          ? body
          : null;
      });
    }
    const rows = body.split("\n").filter((line) => line.startsWith("hayate_upstream_http2_"));
    assertEquals(rows, [
      'hayate_upstream_http2_requests_total{upstream="app"} 4',
      'hayate_upstream_http2_connections_total{upstream="app"} 1',
      'hayate_upstream_http2_open_connections{upstream="app"} 1',
      'hayate_upstream_http2_open_streams{upstream="app"} 1',
      'hayate_upstream_http2_goaways_total{upstream="app"} 1',
      'hayate_upstream_http2_resets_total{upstream="app",by="server",code="INTERNAL_ERROR"} 1',
      'hayate_upstream_http2_resets_total{upstream="app",by="server",code="REFUSED_STREAM"} 1',
    ]);
    const api = await proxy.child.waitUntil("the reset", async () => {
      const view = parts(await proxy.control("GET", "/api/9/http/upstreams/app/")).body;
      const { http2 } = JSON.parse(view);
      return http2.open === 0 ? http2 : null;
    });
    assertEquals(api, {
      connections: 1,
      open: 0,
      requests: 4,
      streams: 0,
      goaways: 1,
      resets_received: { INTERNAL_ERROR: 1, REFUSED_STREAM: 1 },
      resets_sent: { CANCEL: 1 },
    });
  });
}

/** Event streams and WebSockets of `hayate load` through nginx, from a plan, and from several machines. */
import { assertEquals, assertMatch } from "@std/assert";
import type { BenchJson } from "../../../mod/load/report/json/bench_json.ts";
import type { ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { Child, runHayate } from "../../support/binary.ts";
import { countsOf, eventApp } from "../../support/event_app.ts";
import { measure } from "../../support/load.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { startServe } from "../../support/serve.ts";
import { sshPrograms, startHosts } from "../../support/ssh_hosts.ts";
import { webSocketApp, webSocketCounts } from "../../support/web_socket_app.ts";

/** nginx at `port`, in front of the event app at /events and of the WebSockets at /sockets. */
function nginxConf(folder: string, port: number, events: string, sockets: string): string {
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  access_log off; proxy_http_version 1.1;
  server {
    listen 127.0.0.1:${port};
    location /events { proxy_pass ${events}/; proxy_set_header Connection ""; proxy_buffering off; }
    location /sockets {
      proxy_pass ${sockets}/;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
    }
  }
}
`;
}

peerTest(
  "nginx",
  "load --sse and WebSockets through nginx: counts are those of the apps",
  async () => {
    await using events = await startServe({ args: ["@app.js"], files: { "app.js": eventApp } });
    await using sockets = await startServe({
      args: ["@app.js"],
      files: { "app.js": webSocketApp },
    });
    await using folder = await tempFolder();
    // nginx changes to another user where it is started by root.
    await Deno.chmod(folder.path, 0o755);
    const port = freePort();
    const text = nginxConf(folder.path, port, events.url, sockets.url);
    const config = await folder.write("nginx.conf", text);
    await using nginx = new Child(peerPath("nginx"), ["-p", folder.path, "-c", config]);
    await nginx.waitForSocket(tcp(port));
    const run = await measure(
      ...["--sse", "-c", "3", "-n", "15", "-T", "10s"],
      `http://127.0.0.1:${port}/events?n=4&ms=2`,
    );
    const { opened, ended, events: seen } = run.eventStreams!;
    assertEquals([opened, ended, seen, run.requestsFailed], [15, 15, 60, 0]);
    assertEquals(await countsOf(events), { opened: 15, sent: 60 });
    const echoes = await measure(
      ...["-c", "3", "-n", "90", "-T", "10s", "--answer", "echo", "-b", "x".repeat(5000)],
      `ws://127.0.0.1:${port}/sockets`,
    );
    assertEquals([echoes.requestsAnswered, echoes.requestsFailed], [90, 0]);
    const { messages, bytes, closes } = await webSocketCounts(sockets);
    assertEquals([messages, bytes, closes], [90, 450_000, { 1000: 3 }]);
    // A server that is gone: nginx answers the handshake with 502.
    await sockets.child.stop();
    const { stdout } = await runHayate(
      ["load", "-c", "1", "-n", "1", "-T", "10s", `ws://127.0.0.1:${port}/sockets`],
    );
    assertMatch(stdout, /\nFailed requests: 1: handshake 1 \(status 502\)\n/);
  },
);

Deno.test("load --plan makes runs of event streams and of WebSockets", async () => {
  await using events = await startServe({ args: ["@app.js"], files: { "app.js": eventApp } });
  await using sockets = await startServe({ args: ["@app.js"], files: { "app.js": webSocketApp } });
  await using folder = await tempFolder();
  const file = await folder.write(
    "bench.yaml",
    `defaults: {connections: 2, timeout: 10s}
runs:
  - {name: events, url: "${events.url}/?n=3&ms=1", sse: true, requests: 6, fail-if: [events!=18]}
  - {name: sockets, url: "${sockets.url.replace("http", "ws")}/", requests: 20, answer: echo}
`,
  );
  const json = `${folder.path}/b.json`;
  const { code, stdout } = await runHayate(["load", "--plan", file, "--json", json]);
  assertEquals(code, 0, stdout);
  const { entries } = JSON.parse(await Deno.readTextFile(json)) as BenchJson;
  const [first, second] = entries.map(({ runs }) => runs[0]);
  assertEquals(first.eventStreams!.events, 18);
  assertEquals([second.webSockets!.messagesReceived, second.requestsAnswered], [20, 20]);
});

peerTest(
  sshPrograms,
  "load --on adds up event streams and WebSockets of two machines",
  async () => {
    await using events = await startServe({ args: ["@app.js"], files: { "app.js": eventApp } });
    await using sockets = await startServe({
      args: ["@app.js"],
      files: { "app.js": webSocketApp },
    });
    await using hosts = await startHosts(2);
    for (const index of [0, 1]) await hosts.placeProgram(index);
    const on = ["load", ...hosts.flags(2), "-T", "20s", "-q", "--json", "-"];
    // Starting a program of 100 MB twice takes its time on a busy machine.
    const patient = { waitTimeoutMs: 120_000 };
    const streamed = await runHayate(
      [...on, "--sse", "-c", "4", "-n", "10", `${events.url}/?n=6&ms=1`],
      patient,
    );
    const [run] = (JSON.parse(streamed.stdout) as ReportJson).runs;
    const { opened, ended, events: seen, firstEvent } = run.eventStreams!;
    assertEquals([opened, ended, seen, firstEvent.count], [10, 10, 60, 10]);
    assertEquals(await countsOf(events), { opened: 10, sent: 60 });
    const echoed = await runHayate(
      [...on, "-c", "4", "-n", "50", `${sockets.url.replace("http", "ws")}/`],
      patient,
    );
    const [second] = (JSON.parse(echoed.stdout) as ReportJson).runs;
    assertEquals([second.requestsAnswered, second.webSockets!.opened], [50, 4]);
    assertEquals((await webSocketCounts(sockets)).messages, 50);
  },
);

/** /metrics of the status listener of hayate serve. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { childPids, trySignal } from "../../support/binary.ts";
import { readFamilies, sampleOf } from "../../support/metrics_reader.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";
import { appWith, backends, eachBackend, type Served, startServe } from "../../support/serve.ts";

const app = appWith(`({ url }) => {
  const { pathname } = new URL(url);
  if (pathname === "/block") { const end = Date.now() + 700; while (Date.now() < end); }
  if (pathname === "/never") return new Promise(() => {});
  return new Response("x", { status: Number(pathname.slice(1)) || 200 });
}`);

const openMetrics = "application/openmetrics-text";

/** A server with two workers, and the port of its status listener. */
async function start(backend: "epoll" | "portable"): Promise<Served & { readonly status: number }> {
  const status = freePort();
  const served = await startServe({
    args: ["--workers", "2", "--status-listen", `127.0.0.1:${status}`, "@app.js"],
    backend,
    env: { HAYATE_TOKEN: "t" },
    files: { "app.js": app },
  });
  return { ...served, status };
}

async function scrape(status: number, fields = ""): Promise<string> {
  const answer = await rawExchange(
    tcp(status),
    `GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n${fields}Connection: close\r\n\r\n`,
  );
  assertMatch(answer, /^HTTP\/1\.1 200 /);
  return answer.slice(answer.indexOf("\r\n\r\n") + 4);
}

async function ask(served: Served, path: string): Promise<void> {
  await rawExchange(
    tcp(served.port),
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
}

eachBackend("/metrics adds up what all workers have done, also the dead ones", async (backend) => {
  await using served = await start(backend);
  for (const path of ["/", "/", "/", "/404", "/503", "/301"]) await ask(served, path);
  await rawExchange(tcp(served.port), "GET / HTTP/1.1\r\n\r\n");
  const before = await scrape(served.status);
  assertEquals(sampleOf(before, "hayate_requests_total"), 6);
  for (const [name, count] of Object.entries({ "2xx": 3, "3xx": 1, "4xx": 1, "5xx": 1 })) {
    assertEquals(sampleOf(before, "hayate_responses_total", `class="${name}"`), count);
    const seconds = "hayate_response_seconds";
    assertEquals(sampleOf(before, `${seconds}_count`, `class="${name}"`), count);
    assertEquals(sampleOf(before, `${seconds}_bucket`, `class="${name}",le="+Inf"`), count);
  }
  assertEquals(sampleOf(before, "hayate_protocol_errors_total"), 1);
  assertEquals(sampleOf(before, "hayate_worker_starts_total"), 2);
  for (const slot of [0, 1]) {
    assert(sampleOf(before, "hayate_worker_resident_memory_bytes", `slot="${slot}"`)! > 1e6);
  }
  for (const pid of childPids(served.child.pid)) trySignal(pid, "SIGKILL");
  const after = await served.child.waitUntil("two new workers", async () => {
    const text = await scrape(served.status);
    return sampleOf(text, "hayate_worker_starts_total")! >= 4 &&
        sampleOf(text, "hayate_workers", 'state="idle"') === 2
      ? text
      : null;
  });
  assertEquals(sampleOf(after, "hayate_requests_total"), 6);
  assertEquals(sampleOf(after, "hayate_responses_total", 'class="2xx"'), 3);
  assertEquals(sampleOf(after, "hayate_protocol_errors_total"), 1);
});

eachBackend(
  "/metrics shows a blocked loop, open requests and clients that leave",
  async (backend) => {
    await using served = await start(backend);
    await ask(served, "/block");
    const connection = await RawConnection.open(tcp(served.port));
    await connection.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    await served.child.waitUntil("a busy worker, and the delay", async () => {
      const text = await scrape(served.status);
      const lags = [0, 1].map((slot) =>
        sampleOf(text, "hayate_worker_event_loop_lag_seconds", `slot="${slot}"`) ?? 0
      );
      const heaps = [0, 1].map((slot) =>
        sampleOf(text, "hayate_worker_heap_bytes", `slot="${slot}"`) ?? 0
      );
      return sampleOf(text, "hayate_workers", 'state="busy"') === 1 && Math.max(...lags) > 0.3 &&
          Math.min(...heaps) > 1e6
        ? true
        : null;
    });
    connection.close();
    await served.child.waitUntil("the abort", async () => {
      return sampleOf(await scrape(served.status), "hayate_client_aborts_total") === 1
        ? true
        : null;
    });
  },
);

peerTest("python3-prometheus-client", "/metrics of serve satisfies a strict parser", async () => {
  await using served = await start(backends[0]);
  for (const path of ["/", "/404"]) await ask(served, path);
  const text = await readFamilies("prometheus", await scrape(served.status), served.folder);
  const open = await readFamilies(
    "openmetrics",
    await scrape(served.status, `Accept: ${openMetrics}\r\n`),
    served.folder,
  );
  for (const [name, { type, unit, sampleCount }] of open) {
    assertEquals(text.get(name)?.type, type, name);
    assertEquals(text.get(name)?.sampleCount, sampleCount, name);
    assertEquals(/_(seconds|bytes)$/.exec(name)?.[1] ?? "", unit, name);
  }
  assertEquals(open.get("hayate_response_seconds")?.type, "histogram");
});

Deno.test("/metrics needs the token, like the status page", async () => {
  await using served = await start("epoll");
  const answer = await rawExchange(
    tcp(served.status),
    "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  );
  assertMatch(answer, /^HTTP\/1\.1 401 /);
});

/** `hayate load --metrics`: what a scraper gets while a run waits, warms up, measures and ends. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Child } from "../../support/binary.ts";
import { runHayate, startHayate } from "../../support/binary.ts";
import { readFamilies, sampleOf } from "../../support/metrics_reader.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { parts } from "../../support/proxy.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

type Address = Parameters<typeof rawExchange>[0];

async function ask(address: Address, request = "GET /metrics", accept = "*/*") {
  const head = `${request} HTTP/1.1\r\nHost: l\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`;
  return parts(await rawExchange(address, head));
}

/** The metrics once `isWanted` holds for them. */
async function scrapeUntil(
  load: Child,
  address: Address,
  what: string,
  isWanted: (body: string) => boolean,
): Promise<string> {
  return await load.waitUntil(what, async () => {
    const { body } = await ask(address).catch(() => ({ body: "" }));
    return isWanted(body) ? body : null;
  });
}

const stateOf = (body: string) => /^hayate_load_state\{state="(\w+)"\} 1$/m.exec(body)?.[1] ?? "";

Deno.test("load --metrics counts requests, responses, failures, bytes and latency", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const path = `${folder.path}/m.sock`;
  // In turn, on one connection; the last one gets no answer, and nothing follows it.
  const urls = ["/", "/status?code=404", "/fixed?ms=20", "/hang"].map((each) => server.url(each));
  const load = startHayate(
    ["load", "-c1", "-n", "9", "--timeout", "600s", "--metrics", path, ...urls],
  );
  const body = await scrapeUntil(
    load,
    unix(path),
    "four requests",
    (text) => sampleOf(text, "hayate_load_requests_total") === 4,
  );
  const value = (name: string, labels = "") => sampleOf(body, `hayate_load_${name}`, labels);
  assertEquals(stateOf(body), "measuring");
  assertEquals(["2xx", "4xx", "5xx"].map((one) => value("responses_total", `class="${one}"`)), [
    2,
    1,
    0,
  ]);
  const failures = ["status", "timeout", "read"].map((kind) =>
    value("failures_total", `kind="${kind}"`)
  );
  assertEquals(failures, [1, 0, 0]);
  assertEquals([value("connections"), value("run"), value("retries_total")], [1, 1, 0]);
  assert(value("read_bytes_total")! > 100 && value("sent_bytes_total")! > 100);
  const latency = (le: string) => value("latency_seconds_bucket", `le="${le}"`);
  // The one that takes 20 ms is above this bound, however slow the others are.
  assert(latency("0.01")! <= 2);
  assertEquals([latency("+Inf"), value("latency_seconds_count")], [3, 3]);
  assert(value("latency_seconds_sum")! >= 0.02);
  assertEquals(value("connect_seconds_count"), 1);
  assertEquals(value("target_rate"), null);
  await load.stop("SIGINT");
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("load --metrics answers before the run, in its warm-up, and at the rate of a ramp", async () => {
  await using server = await ReferenceServer.start();
  const port = freePort();
  const metrics = ["--metrics", `127.0.0.1:${port}`];
  const late = startHayate(
    ["load", "--start-at", "2100-01-01T00:00:00Z", "-R", "50", ...metrics, server.url("/")],
  );
  const ready = await scrapeUntil(late, tcp(port), "ready", (text) => stateOf(text) === "ready");
  assertEquals(sampleOf(ready, "hayate_load_target_rate"), 0);
  assertEquals(sampleOf(ready, "hayate_load_requests_total"), 0);
  await late.stop("SIGINT");
  const warm = startHayate(
    ["load", "--warmup", "600s", "-R", "50:90", "-t2", ...metrics, server.url("/")],
  );
  const body = await scrapeUntil(
    warm,
    tcp(port),
    "warming",
    (text) => stateOf(text) === "warming" && sampleOf(text, "hayate_load_connections")! > 0,
  );
  assertEquals(sampleOf(body, "hayate_load_target_rate"), 50);
  assertEquals(sampleOf(body, "hayate_load_responses_total", 'class="2xx"'), 0);
  await warm.stop("SIGINT");
});

Deno.test("load --metrics goes on counting over the runs of --repeat", async () => {
  await using server = await ReferenceServer.start();
  const port = freePort();
  const load = startHayate([
    ...["load", "-c1", "-n", "2", "--repeat", "500", "--metrics", `127.0.0.1:${port}`],
    server.url("/fixed?ms=50"),
  ]);
  const body = await scrapeUntil(
    load,
    tcp(port),
    "a third run",
    (text) => sampleOf(text, "hayate_load_run")! >= 3,
  );
  const answered = sampleOf(body, "hayate_load_responses_total", 'class="2xx"')!;
  const runs = sampleOf(body, "hayate_load_run")!;
  assert(answered >= 2 * (runs - 1) && answered <= 2 * runs, `${answered} in ${runs} runs`);
  await load.stop("SIGINT");
});

Deno.test("load --metrics answers other paths and methods with one line", async () => {
  await using server = await ReferenceServer.start();
  const port = freePort();
  const args = ["load", "-R1", "-d", "600s", "--metrics", `127.0.0.1:${port}`, server.url("/")];
  const load = startHayate(args);
  await load.waitForSocket(tcp(port));
  for (
    const [request, status, text] of [
      ["GET /", 404, "the metrics are at /metrics\n"],
      ["POST /metrics", 405, "use GET\n"],
      ["HEAD /metrics", 200, ""],
    ] as const
  ) {
    const { head, body } = await ask(tcp(port), request);
    assertEquals([head.split(" ")[1], body], [`${status}`, text]);
  }
  const { head } = await ask(tcp(port), "GET /metrics", "application/openmetrics-text");
  assertMatch(head, /^content-type: application\/openmetrics-text; version=1\.0\.0;/im);
  await load.stop("SIGINT");
});

Deno.test("load --metrics says why it cannot listen", async () => {
  await using server = await ReferenceServer.start();
  const url = server.url("/");
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runHayate(["load", "-n1", ...args, url]);
    return [code, stdout, stderr];
  };
  const taken = `127.0.0.1:${server.port}`;
  assertEquals(await run("--metrics", taken), [
    1,
    "",
    `hayate load: --metrics: ${taken} in use: another process listens on it\n`,
  ]);
  const [code, , wrong] = await run("--metrics", "example.org:9100");
  assertEquals(code, 2);
  assertMatch(`${wrong}`, /--metrics example\.org:9100: not a port, HOST:PORT with an IP address/);
  const [refused, , why] = await run("--metrics", ":9100", "--on", "ssh:a");
  assertEquals(refused, 2);
  assertMatch(`${why}`, /--metrics cannot be combined with --on ssh: what other machines count/);
});

peerTest("python3-prometheus-client", "Both texts of load satisfy a strict parser", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const path = `${folder.path}/m.sock`;
  const load = startHayate(
    ["load", "-t2", "-c4", "-R", "200", "-d", "600s", "--metrics", path, server.url("/")],
  );
  await scrapeUntil(
    load,
    unix(path),
    "some responses",
    (text) => sampleOf(text, "hayate_load_latency_seconds_count")! > 20,
  );
  const read = async (kind: "openmetrics" | "prometheus", type: string) =>
    await readFamilies(kind, (await ask(unix(path), "GET /metrics", type)).body, folder);
  const open = await read("openmetrics", "application/openmetrics-text");
  const text = await read("prometheus", "text/plain");
  for (const [name, { type, unit, sampleCount }] of open) {
    assertEquals([text.get(name)?.type, text.get(name)?.sampleCount], [type, sampleCount], name);
    assertEquals(/_(seconds|bytes)$/.exec(name)?.[1] ?? "", unit, name);
  }
  assertEquals(open.get("hayate_load_latency_seconds")?.type, "histogram");
  assertEquals(open.get("hayate_load_service_time_seconds")?.type, "histogram");
  assertEquals(open.get("hayate_load_failures")?.type, "counter");
  assertEquals(open.get("hayate_load_target_rate")?.type, "gauge");
  await load.stop("SIGINT");
});

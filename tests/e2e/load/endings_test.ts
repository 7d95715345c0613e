/** How a run of `hayate load` ends, and which exit code its answers give. */
import { assert, assertEquals } from "@std/assert";
import { runHayate } from "../../support/binary.ts";
import { measure } from "../../support/load.ts";
import { Http2Server } from "../../support/http2_server.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

Deno.test("load --drain waits for the responses to what was sent, closed and open loop", async () => {
  await using server = await ReferenceServer.start();
  for (const flags of [["-c", "7"], ["-c", "50", "-R", "30"], ["-t2", "-c", "8"]]) {
    await server.stats();
    const url = server.url("/fixed?ms=800");
    const run = await measure("-d", "500ms", "--drain", "30s", ...flags, url);
    const { requests } = await server.stats();
    assertEquals(
      [run.requestsSent, run.requestsAnswered, run.requestsInFlightAtEnd, run.requestsFailed],
      [requests, requests, 0, 0],
    );
    assert(run.measuredMs > 500 && run.measuredMs < 25_000, `${run.measuredMs}`);
    if (run.schedule !== null) assertEquals(run.schedule.requestsDue, 15);
  }
});

Deno.test("load --drain holds for the streams of HTTP/2, and gives up in time", async () => {
  const held: [{ answer(id: number): void }, number][] = [];
  await using server = new Http2Server({ onRequest: (...request) => void held.push(request) });
  const timer = setInterval(() => held.splice(0).forEach(([peer, id]) => peer.answer(id)), 900);
  const flags = ["--http2", "-c2", "-m5", "-d", "300ms"];
  const run = await measure(...flags, "--drain", "30s", server.url);
  assertEquals([run.requestsAnswered, run.requestsInFlightAtEnd], [run.requestsSent, 0]);
  assert(run.requestsSent >= 10);
  clearInterval(timer);
  const { stdout } = await runHayate(["load", ...flags, "--drain", "200ms", server.url]);
  assert(stdout.includes("No response came; 10 requests were waiting at the end"), stdout);
});

Deno.test("load --fail-if judges statuses and their classes", async () => {
  await using server = await ReferenceServer.start();
  const urls = [server.url("/"), server.url("/status?code=404"), server.url("/status?code=503")];
  for (
    const [condition, code, measured] of [
      ["5xx>0", 3, "6"],
      ["4xx>50%", 0, ""],
      ["status-404>30%", 3, "35.00%"],
      ["status-500>0", 0, ""],
      ["status-2xx<8", 3, "7"],
    ] as const
  ) {
    // In turn, as one connection sends them: 7, 7 and 6.
    const flags = ["load", "-n", "20", "-c1", "--fail-if", condition];
    const result = await runHayate([...flags, ...urls]);
    const line = `threshold failed: ${condition} (measured ${measured})\n`;
    assertEquals([result.code, result.stderr], [code, code === 0 ? "" : line]);
  }
});

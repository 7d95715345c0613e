import { assertEquals, assertThrows } from "@std/assert";
import { parseWrkOutput } from "../../../../scripts/benchmarks/wrk_output.ts";

const clean = `Running 1s test @ http://127.0.0.1:18080/
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   325.14us  104.84us   2.39ms   81.68%
    Req/Sec   149.37k     6.35k  158.16k    81.82%
  163307 requests in 1.10s, 26.32MB read
Requests/sec: 148465.77
Transfer/sec:     23.93MB
`;

Deno.test("parseWrkOutput() reads requests, rate and no errors", () => {
  assertEquals(parseWrkOutput(clean), {
    requests: 163307,
    requestsPerSecond: 148465.77,
    bytesRead: 26.32 * 1024 ** 2,
    errors: 0,
  });
});

Deno.test("parseWrkOutput() reads bytes in any unit, and none from a client that says none", () => {
  const bytes = (text: string) => parseWrkOutput(clean.replace(", 26.32MB read", text)).bytesRead;
  assertEquals(bytes(", 12.00B read"), 12);
  assertEquals(bytes(", 1.50GB read"), 1.5 * 1024 ** 3);
  assertEquals(bytes(""), null);
});

Deno.test("parseWrkOutput() adds up errors of every kind", () => {
  const text = clean.replace(
    "Requests/sec",
    "  Socket errors: connect 1, read 20, write 300, timeout 4000\n" +
      "  Non-2xx or 3xx responses: 50000\nRequests/sec",
  );
  assertEquals(parseWrkOutput(text).errors, 54321);
});

Deno.test("parseWrkOutput() refuses what is no report", () => {
  assertThrows(() => parseWrkOutput("unable to connect"), Error, "unable to connect");
});

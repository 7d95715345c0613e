import { assertEquals, assertThrows } from "@std/assert";
import { parseReport } from "../../../../scripts/benchmarks/client_output.ts";

const report = (counts: string) =>
  `starting benchmark...
Application protocol: h2c

finished in 2.00s, 10025.00 req/s, 1.23MB/s
requests: 20050 total, 20050 started, 20050 done, ${counts}
status codes: 20050 2xx, 0 3xx, 0 4xx, 0 5xx
`;

Deno.test("parseReport() reads h2load's requests, rate and errors", () => {
  const clean = report("20050 succeeded, 0 failed, 0 errored, 0 timeout");
  assertEquals(parseReport(clean), {
    requests: 20_050,
    requestsPerSecond: 10_025,
    bytesRead: null,
    errors: 0,
  });
  const bad = report("20000 succeeded, 50 failed, 40 errored, 0 timeout");
  assertEquals(parseReport(bad), {
    requests: 20_000,
    requestsPerSecond: 10_025,
    bytesRead: null,
    errors: 50,
  });
});

Deno.test("parseReport() reads wrk's layout, and refuses others", () => {
  const text = "  1633 requests in 1.10s, 26.32MB read\nRequests/sec: 1484.77\n";
  assertEquals(parseReport(text).requests, 1633);
  assertThrows(() => parseReport("connect() failed"));
});

Deno.test("parseReport() takes events for requests where streams are held", () => {
  const text = `  1000 requests in 4.00s, 6.22MB read
Requests/sec:    250.00
Event streams: 1000 opened, 0 ended by the server, 1000 open at the end
Events: 97672, 24.42k/s; by stream 97.7 on average, 89 at least, 104 at most
`;
  const { requests, requestsPerSecond, errors } = parseReport(text);
  assertEquals([requests, requestsPerSecond, errors], [97_672, 24_418, 0]);
});

import { assertEquals } from "@std/assert";
import { AccessHead, AccessTimes, tlsText } from "../../../mod/log/mod.ts";

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A:1\r\nx-a: 2\r\n" +
  "Set-Cookie: a=1\r\nSET-COOKIE:\t b=2\r\nEmpty:\r\nX-Content-Type: no\r\n\r\n";

function kept(names: readonly string[], text: string, end = text.length): (string | null)[] {
  const fields = new AccessHead();
  fields.reset(names);
  const bytes = new TextEncoder().encode(text);
  fields.take(bytes, text.indexOf("\n") + 1, end);
  return names.map((name) => fields.get(name));
}

Deno.test("AccessHead.take() keeps the first value of a field, whatever the case of its name", () => {
  assertEquals(kept(["content-type", "x-a", "none"], head), ["text/plain", "1", null]);
});

Deno.test("AccessHead.take() joins Set-Cookie lines and accepts an empty value", () => {
  assertEquals(kept(["set-cookie", "empty"], head), ["a=1, b=2", ""]);
});

Deno.test("AccessHead.take() reads nothing after the end of the head", () => {
  const before = "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n";
  assertEquals(kept(["a", "b"], `${before}B: 2\r\n`, before.length), ["1", null]);
});

Deno.test("AccessHead.reset() forgets the last head", () => {
  const names = ["a"];
  const fields = new AccessHead();
  fields.reset(names);
  fields.takeFields([{ name: "A", value: "1" }, { name: "B", value: "2" }]);
  assertEquals([fields.get("a"), fields.get("b")], ["1", null]);
  fields.reset(names);
  assertEquals(fields.get("a"), null);
});

Deno.test("AccessTimes.of() measures h2o's phases, -1 for those not reached", () => {
  const times = new AccessTimes();
  times.begin(100, { receivedMs: 110, startMs: 113 });
  const phases = ["connect", "request-header", "request-body", "request-total"] as const;
  assertEquals(phases.map((phase) => times.of(phase)), [10, 3, 0, 3]);
  assertEquals([times.of("process"), times.of("response")], [-1, -1]);
  times.bodyEndMs = 120;
  times.responseMs = 125;
  times.endMs = 140;
  assertEquals(phases.map((phase) => times.of(phase)), [10, 3, 7, 10]);
  assertEquals([times.of("process"), times.of("response"), times.of("total")], [5, 15, 30]);
  assertEquals(times.of("proxy.total"), -1);
});

Deno.test("AccessTimes.of() returns no negative time for a response before the end of the body", () => {
  const times = new AccessTimes();
  times.begin(0, { receivedMs: 0, startMs: 0 });
  times.responseMs = 5;
  times.bodyEndMs = times.endMs = 9;
  assertEquals(times.of("process"), 0);
});

Deno.test("tlsText() names what a handshake agreed on", () => {
  const facts = {
    version: "TLSv1.3",
    cipher: "TLS_AES_256_GCM_SHA384",
    cipherBits: 256,
    resumed: false,
    serverName: "",
    sessionId: Uint8Array.of(255, 1),
  };
  const names = ["protocol-version", "cipher", "cipher-bits", "session-reused", "session-id"];
  assertEquals(names.map((name) => tlsText(facts, name)), [
    "TLSv1.3",
    "TLS_AES_256_GCM_SHA384",
    "256",
    "0",
    "_wE",
  ]);
  assertEquals([tlsText(facts, "server-name"), tlsText(facts, "x")], [null, null]);
});

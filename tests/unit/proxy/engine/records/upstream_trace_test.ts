import { assertEquals } from "@std/assert";
import type { UpstreamConnection } from "../../../../../mod/conn/upstream/upstream_connection.ts";
import { Peer } from "../../../../../mod/proxy/balance/peer.ts";
import { UpstreamTrace } from "../../../../../mod/proxy/engine/records/upstream_trace.ts";
import type { PeerPlan } from "../../../../../mod/proxy/plan/plan.ts";
import type { ProxyBytes, Timing } from "../../../../../mod/log/mod.ts";

/** The properties of a connection that the trace reads. */
function client(
  state: {
    status: number;
    connectedMs: number;
    request: { bytes: number; headBytes: number };
    receivedBytes: number;
  },
): UpstreamConnection {
  const { status, ...rest } = state;
  return { head: { status }, ...rest } as unknown as UpstreamConnection;
}

function peer(name: string, port: number): Peer {
  const address = { kind: "tcp", host: "127.0.0.1", port };
  return new Peer({ name, address, weight: 1, route: "" } as unknown as PeerPlan, 0);
}

const phases: Timing[] = [
  "proxy.idle",
  "proxy.connect",
  "proxy.request",
  "proxy.process",
  "proxy.response",
  "proxy.total",
];
const sizes: ProxyBytes[] = ["request", "request-header", "request-body", "response"];

Deno.test("UpstreamTrace measures the phases and sizes of the last attempt", () => {
  const trace = new UpstreamTrace();
  trace.chosen("app", peer("a", 1), 10);
  trace.chosen("app", peer("b", 2), 20);
  trace.bodyEnded(27);
  const request = { bytes: 150, headBytes: 100 };
  const sent = { status: 201, connectedMs: 25, request, receivedBytes: 80 };
  trace.answered(client(sent), 40);
  trace.ended(client({ ...sent, request: { ...request, bytes: 160 }, receivedBytes: 1080 }), 55);
  assertEquals(phases.map((phase) => trace.timingMs(phase, 8)), [12, 5, 2, 13, 15, 35]);
  assertEquals(sizes.map((size) => trace.bytes(size)), [160, 100, 60, 1080]);
  assertEquals([trace.bytes("response-header"), trace.bytes("response-body")], [80, 1000]);
  const facts = (["name", "addr", "tries", "status"] as const).map((what) => trace.fact(what));
  assertEquals(facts, ["app", "127.0.0.1:2", 2, 201]);
});

Deno.test("UpstreamTrace has a connect time of 0 for a reused connection", () => {
  const trace = new UpstreamTrace();
  trace.chosen("app", peer("a", 1), 100);
  const request = { bytes: 10, headBytes: 10 };
  trace.answered(client({ status: 200, connectedMs: 7, request, receivedBytes: 10 }), 103);
  assertEquals(phases.map((phase) => trace.timingMs(phase, 100)), [0, 0, 0, 3, -1, -1]);
});

Deno.test("UpstreamTrace reports no values for phases that did not happen", () => {
  const trace = new UpstreamTrace();
  trace.chosen("app", peer("a", 1), 10);
  trace.reset();
  assertEquals(phases.map((phase) => trace.timingMs(phase, 0)), [-1, -1, -1, -1, -1, -1]);
  assertEquals(sizes.map((size) => trace.bytes(size)), [0, 0, 0, 0]);
  assertEquals([trace.fact("addr"), trace.fact("tries")], [null, null]);
  trace.chosen("app", peer("a", 1), 10);
  assertEquals([trace.fact("tries"), trace.fact("status")], [1, null]);
});

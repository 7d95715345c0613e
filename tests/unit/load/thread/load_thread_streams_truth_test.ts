/** What `hayate load` says of event streams and WebSockets against the truth, on a simulated clock. */
import { assert, assertEquals } from "@std/assert";
import { Method } from "../../../../mod/http/mod.ts";
import { acceptKey } from "../../../../mod/http/web_socket_key.ts";
import { eventStreamTimes, webSocketTimes } from "../../../../mod/load/plan/extra_times.ts";
import type { RequestGroup } from "../../../../mod/load/plan/thread_plan.ts";
import { keyPlaceholder, type MessagePlan } from "../../../../mod/load/plan/web_socket.ts";
import { makeFrame, Opcode } from "../../../../mod/web_socket/frames.ts";
import type { SimulatedPeer, SimulatedServer } from "./simulated_reactor.ts";
import { assertTruth, seeded, simulate } from "./simulation.ts";

const encoder = new TextEncoder();
const unused = () => {
  throw new Error("the server reads the bytes itself");
};

/** A chunk of a body. */
function chunk(text: string): Uint8Array {
  return encoder.encode(`${text.length.toString(16)}\r\n${text}\r\n`);
}

interface Stream {
  readonly sentMs: number;
  readonly eventsMs: number[];
}

/** Streams of up to `eventsMax` events at random times, each event in one or two pieces. */
function eventServer(eventsMax: number) {
  const next = seeded(11), streams: Stream[] = [];
  const answer = (peer: SimulatedPeer) => {
    const stream: Stream = { sentMs: peer.nowMs, eventsMs: [] };
    streams.push(stream);
    let atMs = peer.nowMs + next() * 40;
    const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" +
      "Transfer-Encoding: chunked\r\n\r\n";
    peer.at(atMs, () => peer.deliver(encoder.encode(head)));
    for (let rest = Math.ceil(next() * eventsMax); rest > 0; rest--) {
      peer.at(atMs += next() * 5, () => peer.deliver(chunk("data: half of it")));
      const doneMs = atMs += next() * 200;
      peer.at(doneMs, () => {
        stream.eventsMs.push(peer.nowMs);
        peer.deliver(chunk("\n\n: a comment\n\n"));
      });
    }
    peer.at(atMs += 1, () => peer.deliver(encoder.encode("0\r\n\r\n")));
  };
  const server: SimulatedServer = { onRequest: unused, accept: (peer) => () => answer(peer) };
  return { server, streams };
}

function gapsOf({ eventsMs }: Stream): number[] {
  return eventsMs.slice(1).map((atMs, index) => (atMs - eventsMs[index]) * 1000);
}

Deno.test("first events and gaps are the truth, in a closed loop and by a schedule", async () => {
  for (const stages of [null, [{ durationMs: 10_000, rateStart: 5, rateEnd: 5 }]]) {
    const { server, streams } = eventServer(8);
    const plan = { stages, eventStreams: { reconnects: false }, extraTimes: eventStreamTimes };
    const { stats, count } = await simulate(server, 20, plan);
    const begun = streams.filter(({ eventsMs }) => eventsMs.length > 0);
    const firsts = begun.map(({ sentMs, eventsMs }) => (eventsMs[0] - sentMs) * 1000);
    assertTruth(stats.extra.get("firstEvent")!, firsts);
    assertTruth(stats.extra.get("eventGap")!, streams.flatMap(gapsOf));
    const events = streams.reduce((sum, { eventsMs }) => sum + eventsMs.length, 0);
    assertEquals(count("received"), events);
    // Every stream that was opened has ended, or is open.
    assertEquals(count("answered"), count("streamsEnded") + count("streamsOpen"));
    assertEquals(stats.extra.get("eventsPerStream")!.count, count("answered"));
    assertEquals(count("inFlight") + count("answered"), streams.length);
  }
});

Deno.test("events of the warm-up are in no figure, and its streams go on", async () => {
  const { server, streams } = eventServer(400);
  const measureFromMs = 1000 + 2000;
  const { stats, count } = await simulate(server, 5, {
    warmupMs: 2000,
    durationMs: 3000,
    eventStreams: { reconnects: false },
    extraTimes: eventStreamTimes,
  });
  const measured = streams.map(({ sentMs, eventsMs }) => ({
    sentMs,
    eventsMs: eventsMs.filter((atMs) => atMs >= measureFromMs),
  }));
  const events = measured.reduce((sum, { eventsMs }) => sum + eventsMs.length, 0);
  assertEquals([count("received"), events > 0], [events, true]);
  assertTruth(stats.extra.get("eventGap")!, measured.flatMap(gapsOf));
  assertEquals(stats.extra.get("firstEvent")!.count, count("answered"));
});

Deno.test("streams of the warm-up that break later are failures, and the accounts agree", async () => {
  const accept = (peer: SimulatedPeer) => () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    peer.at(peer.nowMs + 1, () => peer.deliver(encoder.encode(head)));
    peer.at(peer.nowMs + 4000, () => peer.end("ECONNRESET"));
  };
  const { count } = await simulate({ onRequest: unused, accept }, 6, {
    warmupMs: 2000,
    durationMs: 3000,
    eventStreams: { reconnects: false },
    extraTimes: eventStreamTimes,
  });
  // Each breaks once, two seconds into the measurement, and is opened again.
  assertEquals([count("streamsCarried"), count("streamsBroken"), count("failedRead")], [6, 6, 6]);
  assertEquals([count("answered"), count("streamsOpen"), count("streamsEnded")], [6, 6, 0]);
});

/** Accepts each WebSocket, and echoes each message, which is one frame, after a random time. */
function echoServer() {
  const next = seeded(5), delaysUs: number[] = [], keys = new Set<string>();
  let closed = 0;
  const accept = (peer: SimulatedPeer) => {
    let isOpen = false;
    return (bytes: Uint8Array) => {
      if (!isOpen) {
        isOpen = true;
        const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(new TextDecoder().decode(bytes))![1];
        const head = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`;
        return peer.at(peer.nowMs + 3, () => peer.deliver(encoder.encode(head)));
      }
      if ((bytes[0] & 0x0f) === Opcode.close) {
        closed++;
        return peer.at(peer.nowMs + 1, () => peer.deliver(Uint8Array.of(0x88, 0)));
      }
      const mask = bytes.slice(2, 6);
      keys.add(mask.toHex());
      const payload = bytes.slice(6).map((byte, index) => byte ^ mask[index & 3]);
      const sentMs = peer.nowMs;
      peer.at(sentMs + next() * 30, () => {
        delaysUs.push((peer.nowMs - sentMs) * 1000);
        peer.deliver(makeFrame(Opcode.text, payload));
      });
    };
  };
  const server: SimulatedServer = { onRequest: unused, accept };
  return { server, delaysUs, keys, closedCount: () => closed };
}

const handshake = encoder.encode(
  `GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: ${keyPlaceholder}\r\n\r\n`,
);
const group: RequestGroup = {
  addresses: [{ kind: "unix", path: "/simulated" }],
  batches: [handshake],
  ends: [Int32Array.of(handshake.length)],
  methods: [Method.get],
  ...{ idempotent: [true], serverName: null, loopback: false },
};
const message: MessagePlan = {
  bytes: encoder.encode("hello"),
  ...{ isText: true, answer: "echo", holds: false },
};

Deno.test("round trips of WebSockets are the truth, and each frame has another mask", async () => {
  for (const stages of [null, [{ durationMs: 5000, rateStart: 200, rateEnd: 200 }]]) {
    const { server, delaysUs, keys, closedCount } = echoServer();
    const { stats, count } = await simulate(server, 10, {
      ...{ stages, durationMs: 5000, groups: [group], webSocket: message },
      extraTimes: webSocketTimes,
    });
    assertTruth(stages === null ? stats.latency : stats.serviceTime, delaysUs);
    assertEquals([count("socketsOpened"), count("socketsOpen"), closedCount()], [10, 10, 10]);
    assertEquals(count("answered") + count("inFlight"), count("sent"));
    assertEquals(count("closesUnanswered"), 0);
    // Of a few thousand keys of 32 bits two may be the same.
    assert(keys.size >= count("sent") - 3, `${keys.size}`);
    // 0.05 ms for the connect and 3 for the answer.
    assertTruth(stats.extra.get("webSocketOpen")!, Array<number>(10).fill(3050));
  }
});

Deno.test("sockets that are only held send nothing, and close after the run", async () => {
  const { server, closedCount } = echoServer();
  const { count } = await simulate(server, 7, {
    ...{ durationMs: 2000, groups: [group], extraTimes: webSocketTimes },
    webSocket: { ...message, answer: "none", holds: true },
  });
  assertEquals([count("sent"), count("socketsOpen"), closedCount()], [0, 7, 7]);
});

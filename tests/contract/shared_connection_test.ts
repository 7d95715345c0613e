/** HTTP/2 connections to a peer, which requests share, over every backend. */
import { assertEquals } from "@std/assert";
import type { PeerError } from "../../mod/base/errors.ts";
import { fixedAddress } from "../../mod/conn/upstream/dial.ts";
import { type SharedOptions, SharedPool } from "../../mod/conn/upstream/http2/shared_pool.ts";
import type { RequestFraming } from "../../mod/conn/upstream/request_output.ts";
import type { ResponseHandler } from "../../mod/conn/upstream/response_handler.ts";
import type { UpstreamExchange } from "../../mod/conn/upstream/upstream_exchange.ts";
import { Scratch } from "../../mod/conn/io/scratch.ts";
import { HeadWriter } from "../../mod/http/head_writer.ts";
import { Framing } from "../../mod/http/message_head.ts";
import { Method } from "../../mod/http/method.ts";
import { sleep } from "../support/child.ts";
import { tcp } from "../support/raw_socket.ts";
import { data, end, reset, settings, window } from "../vectors/http2/wire.ts";
import { contractTest, type Rig } from "./harness.ts";
import { goaway, ScriptedPeer, status, trailers } from "./scripted_peer.ts";

const text = new TextEncoder();
/** Identifiers of settings (RFC 9113 6.5.2). */
const streamsMaxId = 3;
const windowId = 4;
const refused = 7;

/** Notes what an exchange reports, as words. */
class Notes implements ResponseHandler {
  readonly words: string[] = [];
  exchange!: UpstreamExchange;
  error: PeerError | null = null;
  pausesAtBody = false;

  onInterim({ head }: UpstreamExchange): void {
    this.words.push(`interim ${head.status}`);
  }
  onResponse({ head }: UpstreamExchange): void {
    this.words.push(`head ${head.status}`);
  }
  onResponseBody(exchange: UpstreamExchange, bytes: Uint8Array, start: number, end: number): void {
    const part = bytes.subarray(start, end);
    this.words.push(`body ${part.length > 99 ? part.length : new TextDecoder().decode(part)}`);
    if (this.pausesAtBody) exchange.pause();
  }
  onResponseEnd(exchange: UpstreamExchange): void {
    const fields = exchange.trailers.map(({ name, value }) => `${name}: ${value}`);
    this.words.push(["end", ...fields].join(" "));
    exchange.release();
  }
  onRequestDrain(): void {
    this.words.push("drain");
  }
  onFailure(exchange: UpstreamExchange, error: PeerError): void {
    this.error = error;
    const safe = error.retrySafe ? " safe" : "";
    this.words.push(`failed ${error.code}${safe}${exchange.wasReused ? " reused" : ""}`);
  }

  /** Waits for the last word to begin with `word`. */
  async until(word: string): Promise<void> {
    while (!this.words.at(-1)?.startsWith(word)) await sleep(5);
  }
}

function scripted(rig: Rig, options: Partial<SharedOptions> = {}) {
  const peers: ScriptedPeer[] = [];
  const listener = rig.listen(tcp(0), {}, (socket) => {
    const recorder = rig.recorder();
    recorder.socket = socket;
    peers.push(new ScriptedPeer(recorder));
    return recorder;
  });
  const source = fixedAddress(listener.address);
  const pool = new SharedPool(rig.reactor, source, new Scratch(rig.reactor), options);
  /** The connection that is the peer's n-th, once it exists. */
  const peer = async (index = 0) => {
    while (peers.length <= index) await sleep(5);
    return peers[index];
  };
  return { pool, peers, peer };
}

function send(
  pool: SharedPool,
  path: string,
  framing: RequestFraming = Framing.none,
  length = -1,
  lines = "",
): Notes {
  const notes = new Notes();
  const exchange = notes.exchange = pool.acquire();
  const head = new HeadWriter();
  const method = framing === Framing.none ? "GET" : "POST";
  head.ascii(`${method} ${path} HTTP/1.1\r\nhost: a.example\r\n${lines}`);
  exchange.begin(notes, method === "GET" ? Method.get : Method.post, false);
  exchange.sendHead(head, framing, length);
  return notes;
}

function write({ exchange }: Notes, body: string): boolean {
  return exchange.writeBody(text.encode(body), 0, body.length);
}

contractTest(
  "requests share a connection, and their answers may come in any order",
  async (rig) => {
    const { pool, peers, peer } = scripted(rig);
    const [first, second] = [send(pool, "/1"), send(pool, "/2", Framing.length, 3)];
    write(second, "abc");
    second.exchange.endBody(null);
    const one = await peer();
    await one.until("DATA 3");
    assertEquals(one.frames.filter((words) => /^(HEADERS|DATA)/.test(words)), [
      "HEADERS 1 GET /1 end",
      "HEADERS 3 POST /2; content-length: 3",
      "DATA 3 abc end",
    ]);
    one.send(settings(), status(3, 103, 0), status(3, 200, 0), data(3, end, "xyz"));
    await second.until("end");
    one.send(status(1, 204, end));
    await first.until("end");
    assertEquals(second.words, ["interim 103", "head 200", "body xyz", "end"]);
    assertEquals(first.words, ["head 204", "end"]);
    assertEquals([peers.length, pool.idleCount], [1, 1]);
  },
);

contractTest("fields of an HTTP/1 connection stay behind, trailers go both ways", async (rig) => {
  const { pool, peer } = scripted(rig);
  const lines = "connection: close, x\r\nupgrade: foo\r\nTE: gzip\r\nX-A: 1\r\n";
  const notes = send(pool, "/", Framing.chunked, -1, lines);
  write(notes, "abc");
  notes.exchange.endBody(text.encode("x-sum: 7\r\n"));
  const one = await peer();
  await one.until("HEADERS 1 ;");
  assertEquals(one.frames.filter((words) => /^(HEADERS|DATA)/.test(words)), [
    "HEADERS 1 POST /; x-a: 1",
    "DATA 1 abc",
    "HEADERS 1 ; x-sum: 7 end",
  ]);
  one.send(settings(), status(1, 200, 0), data(1, 0, "x"), trailers(1, ["grpc-status", "0"]));
  await notes.until("end");
  assertEquals(notes.words, ["head 200", "body x", "end grpc-status: 0"]);
});

contractTest("streams above the last of a GOAWAY are safe to send again", async (rig) => {
  const { pool, peers, peer } = scripted(rig);
  const all = [send(pool, "/1"), send(pool, "/2"), send(pool, "/3")];
  const one = await peer();
  await one.until("HEADERS 5");
  one.send(settings(), goaway(1));
  await all[2].until("failed");
  assertEquals(all.map(({ words }) => words), [
    [],
    ["failed ECONNRESET safe"],
    ["failed ECONNRESET safe"],
  ]);
  const later = send(pool, "/4");
  const two = await peer(1);
  await two.until("HEADERS 1 GET /4");
  two.send(settings(), status(1, 200, end));
  one.send(status(1, 200, end));
  await later.until("end");
  await all[0].until("end");
  await one.recorder.until(({ endCount, closeCount }) => endCount + closeCount > 0);
  assertEquals([peers.length, pool.idleCount], [2, 1]);
});

contractTest("a refused stream is safe to send again, a reset one is not", async (rig) => {
  const { pool, peer } = scripted(rig);
  const all = [send(pool, "/1"), send(pool, "/2"), send(pool, "/3")];
  const one = await peer();
  await one.until("HEADERS 5");
  one.send(settings(), reset(1, refused), reset(3, 2));
  await all[1].until("failed");
  assertEquals(all.map(({ words }) => words.join()), [
    "failed ECONNRESET safe",
    "failed ECONNRESET",
    "",
  ]);
  assertEquals(all[1].error?.message, "peer reset the stream: INTERNAL_ERROR");
  one.send(status(5, 200, end));
  await all[2].until("end");
});

contractTest("a lost connection fails its streams, and is stale after an answer", async (rig) => {
  const { pool, peer } = scripted(rig);
  const first = send(pool, "/1");
  const one = await peer();
  await one.until("HEADERS 1");
  one.send(settings(), status(1, 200, end));
  await first.until("end");
  await sleep(5);
  const [second, third] = [send(pool, "/2"), send(pool, "/3")];
  await one.until("HEADERS 5");
  one.recorder.socket.close();
  await third.until("failed");
  assertEquals(second.words, ["failed EEOF reused"]);
  assertEquals(third.words, ["failed EEOF reused"]);
});

contractTest("the peer's limit of streams is kept, also when it changes", async (rig) => {
  const { pool, peers, peer } = scripted(rig);
  const first = send(pool, "/1");
  const one = await peer();
  await one.until("HEADERS 1");
  one.send(settings([streamsMaxId, 2]));
  await one.until("SETTINGS end");
  const second = send(pool, "/2");
  await one.until("HEADERS 3");
  const third = send(pool, "/3");
  const two = await peer(1);
  await two.until("HEADERS 1 GET /3");
  one.send(settings([streamsMaxId, 3]));
  while (one.frames.filter((words) => words === "SETTINGS end").length < 2) {
    await sleep(5);
    await one.until("SETTINGS");
  }
  send(pool, "/4");
  await one.until("HEADERS 5 GET /4");
  assertEquals([peers.length, first.words, second.words, third.words], [2, [], [], []]);
});

contractTest(
  "a body waits for the peer's windows, and its writer is notified of room",
  async (rig) => {
    const { pool, peer } = scripted(rig);
    const notes = send(pool, "/", Framing.chunked);
    const one = await peer();
    one.send(settings([windowId, 10]));
    await one.until("SETTINGS end");
    assertEquals(write(notes, "x".repeat(80_000)), false);
    await one.until("DATA 1 xxxxxxxxxx");
    one.send(window(1, 100_000), window(0, 100_000));
    await notes.until("drain");
    notes.exchange.endBody(null);
    await one.until("DATA 1  end");
    const sent = one.frames.filter((words) => words.startsWith("DATA"));
    const bytes = sent.reduce((sum, words) => sum + words.split(" ")[2].length, 0);
    assertEquals(bytes, 80_000);
  },
);

contractTest("a paused stream gets no window, and holds up no other", async (rig) => {
  const { pool, peer } = scripted(rig);
  const [slow, fast] = [send(pool, "/1"), send(pool, "/2")];
  slow.pausesAtBody = true;
  const one = await peer();
  await one.until("HEADERS 3");
  one.send(settings(), status(1, 200, 0), status(3, 200, 0), data(1, 0, "a"), data(3, 0, "b"));
  await slow.until("body");
  const part = "y".repeat(1000);
  for (let i = 0; i < 60; i++) {
    one.send(data(1, 0, part), data(3, 0, part));
    await sleep(1);
  }
  one.send(data(3, end, ""), data(1, end, ""));
  await fast.until("end");
  assertEquals(slow.words, ["head 200", "body a"]);
  assertEquals(one.frames.some((words) => words.startsWith("WINDOW 1")), false);
  slow.pausesAtBody = false;
  slow.exchange.resume();
  assertEquals(slow.words, ["head 200", "body a", "body 60000", "end"]);
});

contractTest("a discarded exchange resets its stream alone", async (rig) => {
  const { pool, peer } = scripted(rig);
  const [first, second] = [send(pool, "/1"), send(pool, "/2")];
  const one = await peer();
  await one.until("HEADERS 3");
  first.exchange.discard();
  assertEquals(await one.until("RST"), "RST 1 CANCEL");
  one.send(settings(), status(1, 200, end), status(3, 200, end));
  await second.until("end");
  assertEquals(first.words, []);
});

contractTest(
  "a peer that does not answer in time loses the stream and the connection",
  async (rig) => {
    const { pool, peer } = scripted(rig, { firstByteTimeoutMs: 60 });
    const first = send(pool, "/1");
    const one = await peer();
    await first.until("failed");
    assertEquals(first.words, ["failed ETIMEDOUT"]);
    assertEquals(await one.until("RST"), "RST 1 CANCEL");
    send(pool, "/2");
    await peer(1);
  },
);

contractTest("an idle connection is closed with a GOAWAY", async (rig) => {
  const { pool, peer } = scripted(rig, { idleTimeoutMs: 60 });
  const first = send(pool, "/1");
  const one = await peer();
  await one.until("HEADERS 1");
  one.send(settings(), status(1, 200, end));
  await first.until("end");
  assertEquals(await one.until("GOAWAY"), "GOAWAY 0 NO_ERROR");
  await one.recorder.until(({ endCount, closeCount }) => endCount + closeCount > 0);
  assertEquals(pool.idleCount, 0);
});

contractTest("a peer that breaks the protocol fails every stream", async (rig) => {
  const { pool, peer } = scripted(rig);
  const [first, second] = [send(pool, "/1"), send(pool, "/2")];
  const one = await peer();
  await one.until("HEADERS 3");
  one.send(settings(), status(7, 200, end));
  await second.until("failed");
  assertEquals([first.words, second.words], [["failed EPROTO"], ["failed EPROTO"]]);
  assertEquals(await one.until("GOAWAY"), "GOAWAY 0 PROTOCOL_ERROR");
});

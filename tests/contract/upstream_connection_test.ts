/** Connections to upstream peers and their pool, over every backend. */
import { assert, assertEquals } from "@std/assert";
import type { PeerError } from "../../mod/base/errors.ts";
import type { UpstreamConnection } from "../../mod/conn/upstream/upstream_connection.ts";
import type { ResponseHandler } from "../../mod/conn/upstream/response_handler.ts";
import { fixedAddress } from "../../mod/conn/upstream/dial.ts";
import { KeepalivePool } from "../../mod/conn/upstream/keepalive_pool.ts";
import type { RequestFraming } from "../../mod/conn/upstream/request_output.ts";
import { Scratch } from "../../mod/conn/io/scratch.ts";
import type { UpstreamOptions } from "../../mod/conn/upstream/upstream_pool.ts";
import { HeadWriter } from "../../mod/http/head_writer.ts";
import { Framing } from "../../mod/http/message_head.ts";
import { Method } from "../../mod/http/method.ts";
import { sleep } from "../support/child.ts";
import { freePort } from "../support/ports.ts";
import { tcp } from "../support/raw_socket.ts";
import { contractTest, type Recorder, type Rig } from "./harness.ts";
import { get } from "./server_harness.ts";

/** Records the callbacks of an upstream connection as words. */
class Notes implements ResponseHandler {
  readonly words: string[] = [];
  client!: UpstreamConnection;
  releases = true;

  onInterim(client: UpstreamConnection): void {
    this.words.push(`interim ${client.head.status}`);
  }
  onResponse(client: UpstreamConnection): void {
    this.words.push(`head ${client.head.status}`);
  }
  onResponseBody(_client: UpstreamConnection, bytes: Uint8Array, start: number, end: number): void {
    this.words.push(`body ${new TextDecoder().decode(bytes.subarray(start, end))}`);
  }
  onResponseEnd(client: UpstreamConnection): void {
    this.words.push("end");
    if (this.releases) client.release();
  }
  onRequestDrain(): void {}
  onFailure(_client: UpstreamConnection, error: PeerError): void {
    this.words.push(`failed ${error.code}`);
  }

  /** Waits for the last word to begin with `word`. */
  async until(word: string): Promise<void> {
    while (!this.words.at(-1)?.startsWith(word)) await sleep(5);
  }
}

/** A peer whose responses a test writes by hand, and a pool that connects to it. */
function scripted(rig: Rig, options: Partial<UpstreamOptions> = {}) {
  const peers: Recorder[] = [];
  const listener = rig.listen(tcp(0), {}, (socket) => {
    const peer = rig.recorder();
    peer.socket = socket;
    peers.push(peer);
    return peer;
  });
  return {
    pool: new KeepalivePool(
      rig.reactor,
      fixedAddress(listener.address),
      new Scratch(rig.reactor),
      options,
    ),
    peers,
  };
}

function request(pool: KeepalivePool, text: string, method: Method = Method.get): Notes {
  const notes = new Notes();
  const client = notes.client = pool.acquire();
  client.begin(notes, method);
  sendGet(client, text);
  return notes;
}

/** Sends a head without a body; `text` ends with its empty line. */
function sendGet(client: UpstreamConnection, text: string): void {
  const head = new HeadWriter();
  head.ascii(text.replace(/\r\n$/, ""));
  client.sendHead(head, Framing.none, -1);
}

async function peerThatGot(peers: readonly Recorder[], index: number, text: string) {
  while (peers.length <= index) await sleep(5);
  await peers[index].until((p) => p.text.endsWith(text));
  return peers[index];
}

contractTest("a connection is reused for the next exchange", async (rig) => {
  const { pool, peers } = scripted(rig);
  const first = request(pool, get("/1"));
  const peer = await peerThatGot(peers, 0, get("/1"));
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  await first.until("end");
  assertEquals(first.words, ["head 200", "body abc", "end"]);
  assertEquals([pool.idleCount, pool.openCount], [1, 1]);
  const second = request(pool, get("/2"));
  assert(second.client.wasReused);
  await peerThatGot(peers, 0, get("/2"));
  peer.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  await second.until("end");
  assertEquals(second.words, ["interim 103", "head 204", "end"]);
  assertEquals(peers.length, 1);
});

contractTest("a paused connection delivers no interim response", async (rig) => {
  const { pool, peers } = scripted(rig);
  const notes = new (class extends Notes {
    override onInterim(client: UpstreamConnection): void {
      super.onInterim(client);
      client.pause();
    }
  })();
  const client = notes.client = pool.acquire();
  client.begin(notes, Method.get);
  sendGet(client, get("/"));
  const peer = await peerThatGot(peers, 0, get("/"));
  peer.send("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(3) + "HTTP/1.1 204 No Content\r\n\r\n");
  await notes.until("interim");
  for (let count = 1; count <= 3; count++) {
    await sleep(20);
    assertEquals(notes.words, new Array(count).fill("interim 103"));
    client.resume();
  }
  await notes.until("end");
});

contractTest("the interim responses to one request are limited", async (rig) => {
  const interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
  const long = `HTTP/1.1 103 Early Hints\r\nLink: ${"x".repeat(4000)}\r\n\r\n`;
  for (
    const [pieces, last] of [
      [[interim.repeat(256)], "end"],
      [[interim.repeat(257)], "failed EPROTO"],
      // More than 64 KB.
      [[long.repeat(10), long.repeat(10)], "failed EPROTO"],
    ] as const
  ) {
    const { pool, peers } = scripted(rig);
    const notes = request(pool, get("/"));
    const peer = await peerThatGot(peers, 0, get("/"));
    for (const piece of pieces) {
      peer.send(piece);
      while (notes.words.length < 10) await sleep(5);
    }
    if (last === "end") peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    await notes.until(last);
  }
});

const endings: readonly [name: string, answer: string, words: string[], kept: boolean][] = [
  [
    "chunked",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ["head 200", "body abc", "end"],
    true,
  ],
  [
    "Connection: close",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na",
    ["head 200", "body a", "end"],
    false,
  ],
  [
    "HTTP/1.0",
    "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
    ["head 200", "body a", "end"],
    false,
  ],
  [
    "more than the response",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n",
    ["head 200", "body a", "end"],
    false,
  ],
  ["garbage", "SSH-2.0-OpenSSH\r\n", ["failed EPROTO"], false],
  [
    "both framings",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ["failed EPROTO"],
    false,
  ],
  ["no body after 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", [
    "head 304",
    "end",
  ], true],
];
for (const [name, text, words, kept] of endings) {
  contractTest(`a response: ${name}`, async (rig) => {
    const { pool, peers } = scripted(rig);
    const notes = request(pool, get("/"));
    (await peerThatGot(peers, 0, get("/"))).send(text);
    await notes.until(words.at(-1)!);
    await sleep(20);
    assertEquals(notes.words, words);
    assertEquals(pool.idleCount, kept ? 1 : 0);
    assertEquals(pool.openCount, kept ? 1 : 0);
  });
}

contractTest(
  "a body that ends with the connection is complete, a framed one is cut",
  async (rig) => {
    const { pool, peers } = scripted(rig);
    const open = request(pool, get("/open"));
    const first = await peerThatGot(peers, 0, get("/open"));
    first.send("HTTP/1.1 200 OK\r\n\r\nall of it");
    first.socket.close();
    await open.until("end");
    assertEquals(open.words, ["head 200", "body all of it", "end"]);
    const framed = request(pool, get("/framed"));
    const second = await peerThatGot(peers, 1, get("/framed"));
    second.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    second.socket.close();
    await framed.until("failed");
    assertEquals(framed.words, ["head 200", "body part", "failed EEOF"]);
    const silent = request(pool, get("/silent"));
    (await peerThatGot(peers, 2, get("/silent"))).socket.close();
    await silent.until("failed");
    assertEquals([silent.words, silent.client.receivedBytes], [["failed EEOF"], 0]);
  },
);

contractTest("pools that share a parser keep their responses apart", async (rig) => {
  const [own, other] = [scripted(rig), scripted(rig)];
  const { source, scratch } = other.pool;
  const sharing = new KeepalivePool(rig.reactor, source, scratch, {}, null, own.pool.parser);
  const [one, two] = [request(own.pool, get("/1")), request(sharing, get("/2"))];
  const first = await peerThatGot(own.peers, 0, get("/1"));
  const second = await peerThatGot(other.peers, 0, get("/2"));
  first.send("HTTP/1.1 200 OK\r\nContent-");
  second.send("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
  await two.until("end");
  first.send("Length: 3\r\n\r\nyes");
  await one.until("end");
  assertEquals(one.words, ["head 200", "body yes", "end"]);
  assertEquals(two.words, ["head 404", "body no", "end"]);
});

contractTest("a closed port fails at connect, safe to retry", async (rig) => {
  const pool = new KeepalivePool(
    rig.reactor,
    fixedAddress(tcp(freePort())),
    new Scratch(rig.reactor),
  );
  const notes = request(pool, get("/"));
  await notes.until("failed");
  assertEquals(notes.words, ["failed ECONNREFUSED"]);
  assertEquals(pool.openCount, 0);
});

contractTest(
  "a failed connect tries the next address, and reports when all fail",
  async (rig) => {
    const { pool: { source: { addresses: [here] } }, peers } = scripted(rig);
    const closed = tcp(freePort());
    let unreachable = 0;
    const source = {
      addresses: [closed, here],
      noteUnreachable: () => void unreachable++,
    };
    const pool = new KeepalivePool(rig.reactor, source, new Scratch(rig.reactor));
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    // New connections begin with each address in turn; both kinds succeed.
    for (const path of ["/1", "/2"]) {
      const notes = request(pool, get(path));
      (await peerThatGot(peers, path === "/1" ? 0 : 1, get(path))).send(answer);
      await notes.until("end");
      assertEquals([notes.words, notes.client.address], [["head 200", "end"], here]);
      notes.client.discard();
    }
    const kept = request(pool, get("/3"));
    (await peerThatGot(peers, 2, get("/3"))).send(answer);
    await kept.until("end");
    assertEquals([pool.idleCount, unreachable], [1, 0]);
    // An address that the peer no longer has is not used again.
    source.addresses = [closed, tcp(freePort())];
    const failed = request(pool, get("/4"));
    await failed.until("failed");
    assertEquals([failed.words, unreachable], [["failed ECONNREFUSED"], 1]);
    assertEquals([pool.idleCount, pool.openCount], [0, 0]);
  },
);

contractTest("a peer that does not answer in time fails the exchange", async (rig) => {
  // The first byte has its own limit; after it, the limit between two pieces applies.
  for (const bytes of ["", "HTTP/1.1 200 OK\r\n"]) {
    const { pool, peers } = scripted(rig, {
      firstByteTimeoutMs: bytes === "" ? 150 : 0,
      responseTimeoutMs: bytes === "" ? 0 : 150,
    });
    const notes = request(pool, get("/"));
    const peer = await peerThatGot(peers, 0, get("/"));
    if (bytes !== "") peer.send(bytes);
    await notes.until("failed");
    assertEquals(notes.words, ["failed ETIMEDOUT"]);
  }
});

contractTest(
  "unused connections are closed after the idle timeout, or when the peer closes",
  async (rig) => {
    const { pool, peers } = scripted(rig, { idleTimeoutMs: 150 });
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const first = request(pool, get("/1"));
    (await peerThatGot(peers, 0, get("/1"))).send(answer);
    await first.until("end");
    await peers[0].until((p) => p.endCount === 1);
    assertEquals([pool.idleCount, pool.openCount], [0, 0]);
    const second = request(pool, get("/2"));
    (await peerThatGot(peers, 1, get("/2"))).send(answer);
    await second.until("end");
    peers[1].socket.close();
    while (pool.openCount > 0) await sleep(5);
    assertEquals(second.words, ["head 200", "end"], "no failure is reported without an exchange");
  },
);

contractTest("a paused response stops the peer and arrives completely later", async (rig) => {
  const { pool, peers } = scripted(rig, { responseTimeoutMs: 200 });
  const notes = request(pool, get("/"));
  const peer = await peerThatGot(peers, 0, get("/"));
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
  await notes.until("body abc");
  notes.client.pause();
  peer.send("def");
  await sleep(600);
  assertEquals(notes.words, ["head 200", "body abc"], "neither data nor a deadline");
  notes.client.resume();
  await notes.until("end");
  assertEquals(notes.words, ["head 200", "body abc", "body def", "end"]);
});

/** What a request announces, what is sent as its body, and what reaches the peer. */
const framings: readonly {
  readonly name: string;
  readonly framing: RequestFraming;
  readonly length: number;
  readonly pieces: readonly string[];
  readonly ends: boolean;
  readonly words: readonly string[];
  /** After the head's last own line. */
  readonly sent: string;
  readonly kept: boolean;
}[] = [
  {
    name: "a length, and as much",
    framing: Framing.length,
    length: 5,
    pieces: ["ab", "cde"],
    ends: true,
    words: ["head 200", "end"],
    sent: "content-length: 5\r\n\r\nabcde",
    kept: true,
  },
  {
    name: "chunks",
    framing: Framing.chunked,
    length: -1,
    pieces: ["ab", "cde"],
    ends: true,
    words: ["head 200", "end"],
    sent: "transfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
    kept: true,
  },
  {
    name: "an announced zero",
    framing: Framing.none,
    length: 0,
    pieces: [],
    ends: true,
    words: ["head 200", "end"],
    sent: "content-length: 0\r\n\r\n",
    kept: true,
  },
  {
    name: "nothing, and a body",
    framing: Framing.none,
    length: -1,
    pieces: ["GET /smuggled HTTP/1.1\r\n\r\n"],
    ends: false,
    words: ["failed EPROTO"],
    sent: "",
    kept: false,
  },
  {
    name: "too much",
    framing: Framing.length,
    length: 3,
    pieces: ["ab", "cd"],
    ends: false,
    words: ["failed EPROTO"],
    sent: "",
    kept: false,
  },
  {
    name: "too little",
    framing: Framing.length,
    length: 3,
    pieces: ["ab"],
    ends: true,
    words: ["failed EPROTO"],
    sent: "",
    kept: false,
  },
  {
    name: "an answer before the end of a length",
    framing: Framing.length,
    length: 3,
    pieces: ["ab"],
    ends: false,
    words: ["head 200", "end"],
    sent: "content-length: 3\r\n\r\nab",
    kept: false,
  },
  {
    name: "an answer before the last chunk",
    framing: Framing.chunked,
    length: -1,
    pieces: ["ab"],
    ends: false,
    words: ["head 200", "end"],
    sent: "transfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
    kept: false,
  },
];
for (const { name, framing, length, pieces, ends, words, sent, kept } of framings) {
  contractTest(`a request is what its head announces: ${name}`, async (rig) => {
    const { pool, peers } = scripted(rig);
    const notes = new Notes();
    const client = pool.acquire();
    client.begin(notes, Method.other);
    const head = new HeadWriter();
    head.ascii("POST / HTTP/1.1\r\nhost: h\r\n");
    client.sendHead(head, framing, length);
    for (const piece of pieces) {
      const bytes = new TextEncoder().encode(piece);
      client.writeBody(bytes, 0, bytes.length);
    }
    if (ends) client.endBody(null);
    if (sent !== "") {
      (await peerThatGot(peers, 0, `host: h\r\n${sent}`)).send(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      );
    }
    await notes.until(words.at(-1)!);
    await sleep(20);
    assertEquals(notes.words, words);
    assertEquals([pool.idleCount, pool.openCount], kept ? [1, 1] : [0, 0]);
    // No more than announced was sent, even if the head was already on its way.
    if (sent === "") assert(!peers.some((peer) => peer.text.includes("smuggled")));
  });
}

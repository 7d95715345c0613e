/** `hayate load` with ws and wss, against apps whose counts are known and servers that misbehave. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatAddress } from "../../../mod/base/address.ts";
import { acceptKey } from "../../../mod/http/web_socket_key.ts";
import type { ReportJson, RunJson } from "../../../mod/load/report/json/report_json.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { makeFrame, Opcode } from "../../../mod/web_socket/frames.ts";
import { runHayate } from "../../support/binary.ts";
import { measure } from "../../support/load.ts";
import { ScriptedUpstream, TestProxy, type UpstreamPeer } from "../../support/proxy.ts";
import { eachBackend, startServe } from "../../support/serve.ts";
import { webSocketApp, webSocketCounts } from "../../support/web_socket_app.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const files = { "app.js": webSocketApp };

function failures(run: RunJson): string[] {
  return run.failures.map(({ kind, code, count }) => `${kind} ${code} ${count}`);
}

/** The run of a load whose exit code does not matter. */
async function runOf(...args: string[]): Promise<RunJson> {
  const { stdout } = await runHayate(["load", "--json", "-", ...args]);
  return (JSON.parse(stdout) as ReportJson).runs[0];
}

eachBackend("load of WebSockets: counts are the server's, to the message", async (backend) => {
  await using server = await startServe({ args: ["@app.js"], files, backend });
  const path = `${server.folder.path}/app.sock`;
  await using unix = await startServe({ args: ["--path", path, "@app.js"], files, backend });
  const ws = server.url.replace("http", "ws");
  const rows: readonly (readonly [from: typeof server, args: readonly string[]])[] = [
    [server, [`${ws}/`]],
    [server, ["--answer", "echo", `${ws}/`]],
    [server, ["-t", "2", "-R", "400", `${ws}/`]],
    [server, ["--answer", "echo", "-b", "x".repeat(70_000), `${ws}/push`]],
    [unix, [`ws://unix:${path}:/`]],
    [unix, ["-P", path, "ws://localhost/"]],
  ];
  for (const [from, args] of rows) {
    const before = await webSocketCounts(from);
    const run = await measure("-c", "4", "-n", "200", "-T", "10s", ...args);
    const after = await webSocketCounts(from);
    assertEquals([run.requestsSent, run.requestsAnswered, failures(run)], [200, 200, []]);
    assertEquals([after.opened - before.opened, after.messages - before.messages], [4, 200]);
    // Each socket was closed by a close frame.
    assertEquals(after.closes["1000"] - (before.closes["1000"] ?? 0), 4);
    const { opened, openAtEnd, messagesReceived, closesUnanswered, openTime } = run.webSockets!;
    assertEquals([opened, openAtEnd, closesUnanswered, openTime.count], [4, 4, 0, 4]);
    const pushed = args.some((word) => word.endsWith("/push")) ? 200 : 0;
    assertEquals(messagesReceived, 200 + pushed, args.join(" "));
    assertEquals(run.responsesByStatus, {});
  }
});

Deno.test("load of WebSockets over TLS, with binary messages of a file", async () => {
  await using server = await startServe({
    args: ["--tls", "@app.js"],
    files,
    prepare: (folder) => Deno.writeFileSync(`${folder}/message`, Uint8Array.of(1, 0xff, 2)),
  });
  const url = server.url.replace("http", "wss");
  const message = `@${server.folder.path}/message`;
  const run = await measure(
    ...["-k", "-c", "3", "-n", "30", "-T", "10s", "--answer", "echo", "-b", message],
    `${url}/`,
  );
  assertEquals([run.requestsAnswered, failures(run)], [30, []]);
  // Text that is sent as binary comes back as binary.
  const binary = await measure(
    ...["-k", "-c", "1", "-n", "5", "-T", "10s", "--answer", "echo", "--binary"],
    `${url}/`,
  );
  assertEquals(binary.requestsAnswered, 5);
});

Deno.test("load of WebSockets holds them, sends without answers, and says so everywhere", async () => {
  await using server = await startServe({ args: ["@app.js"], files });
  const ws = server.url.replace("http", "ws");
  const json = `${server.folder.path}/a.json`, html = `${server.folder.path}/a.html`;
  const args = ["-c", "200", "-d", "3", "-T", "20s", "--answer", "none", "--json", json];
  const held = await runHayate(["load", ...args, "--html", html, `${ws}/feed`]);
  assertEquals([held.stderr, held.code], ["", 0]);
  assertMatch(
    held.stdout,
    /\nWebSockets: 200 opened, 200 open at the end; opening took .*\(p99\)\n/,
  );
  assertMatch(held.stdout, /\nMessages: 0 sent, 1000 received, /);
  assertMatch(
    await Deno.readTextFile(html),
    /<h2>WebSockets<\/h2>[^]*Messages received per second/,
  );
  const merged = await runHayate(["load", "merge", json, json, "--fail-if", "messages!=2000"]);
  assertEquals(merged.code, 0, merged.stderr);
  assertMatch(merged.stderr, /\nWebSockets: 400 opened, 400 open[^]*2000 received/);
  const before = await webSocketCounts(server);
  const sent = await runOf(
    ...["-c", "5", "-R", "300", "-n", "150", "-T", "10s", "--answer", "none"],
    `${ws}/mute`,
  );
  const after = await webSocketCounts(server);
  assertEquals([sent.requestsSent, sent.requestsAnswered, failures(sent)], [150, 0, []]);
  assertEquals([after.messages - before.messages, after.texts - before.texts], [150, 150]);
});

Deno.test("load of WebSockets counts what a server closes by its code, through a proxy of ours", async () => {
  await using server = await startServe({ args: ["@app.js"], files });
  await using proxy = await TestProxy.before(server.url, ["proxy.websocket: ON"]);
  const ws = `ws://${formatAddress(proxy.address)}`;
  const run = await measure("-c", "3", "-n", "60", "-T", "10s", "--answer", "echo", `${ws}/`);
  assertEquals([run.requestsAnswered, failures(run)], [60, []]);
  const closed = await runOf("-c", "3", "-n", "12", "-T", "10s", `${ws}/close`);
  assertEquals([failures(closed), closed.requestsAnswered], [["closed 4001 12"], 0]);
  const judged = ["load", "-q", "-c", "1", "-n", "4", "--fail-if", "closed>3", `${ws}/close`];
  assertEquals((await runHayate(judged)).code, 3);
  const { stdout } = await runHayate(["load", "-c", "1", "-n", "2", `${ws}/count`]);
  assertMatch(stdout, /\nFailed requests: 2: handshake 2 \(status 200\)\n/);
});

/** Accepts the handshake; the head without it when `change` says so. */
async function accept(
  peer: UpstreamPeer,
  change: (head: string) => string = (head) => head,
): Promise<boolean> {
  const head = await peer.readHead();
  if (head === null) return false;
  const key = /^sec-websocket-key: (.*)\r$/im.exec(head)![1];
  await peer.send(change(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
  ));
  return true;
}

/** Waits until the client has closed. */
async function untilClosed({ raw }: UpstreamPeer): Promise<void> {
  await raw.readAll({ idleMs: 60_000, totalMs: 60_000 });
}

Deno.test("load of WebSockets says what is wrong with a handshake", async () => {
  const fieldless = (name: string) => (head: string) =>
    head.replace(new RegExp(`^${name}: .*\r\n`, "m"), "");
  const added = (line: string) => (head: string) => head.replace("\r\n\r\n", `\r\n${line}\r\n\r\n`);
  const rows: readonly (readonly [change: (head: string) => string, code: string])[] = [
    [fieldless("Upgrade"), "no Upgrade: websocket"],
    [fieldless("Connection"), "no Connection: Upgrade"],
    [(head) => head.replace(/Accept: ./, "Accept: -"), "wrong Sec-WebSocket-Accept"],
    [added("Sec-WebSocket-Extensions: permessage-deflate"), "an extension that was not offered"],
    [added("Sec-WebSocket-Protocol: b"), "a subprotocol that was not offered"],
    [(head) => head.replace("101 Switching", "403 Forbidden"), "status 403"],
    [() => "SSH-2.0-x\r\n\r\n", "version"],
    [() => `HTTP/1.1 101 x\r\nA: ${"a".repeat(300_000)}\r\n\r\n`, "headTooLong"],
    [() => "", "EEOF"],
  ];
  for (const [change, code] of rows) {
    await using server = ScriptedUpstream.start(async (peer) => {
      if (await accept(peer, change) && code !== "EEOF") await untilClosed(peer);
    });
    const run = await runOf("-c", "1", "-n", "2", "-T", "10s", `ws://127.0.0.1:${server.port}/`);
    const [failure] = run.failures;
    assertEquals([failure.kind, failure.count, run.requestsAnswered], ["handshake", 2, 0], code);
    if (code !== "version") assertEquals(failure.code, code);
    // The key is fresh for each connection.
    const keys = server.heads.map((head) => /^sec-websocket-key: (.*)\r$/im.exec(head)![1]);
    assertEquals(new Set(keys).size, keys.length);
  }
  await using silent = ScriptedUpstream.start(untilClosed);
  const waiting = ["load", "-c", "3", "-d", "500ms", "-T", "60s"];
  const { stdout, code } = await runHayate([...waiting, `ws://127.0.0.1:${silent.port}/`]);
  assertEquals(code, 1);
  assertMatch(stdout, /\nHandshakes: 3 were waiting for their answer at the end\n/);
  await using chosen = ScriptedUpstream.start(async (peer) => {
    if (await accept(peer, added("Sec-WebSocket-Protocol: b"))) await untilClosed(peer);
  });
  const held = ["-c", "1", "-d", "1", "--answer", "none", "-H", "Sec-WebSocket-Protocol: a, b"];
  const run = await runOf(...held, `ws://127.0.0.1:${chosen.port}/`);
  assertEquals([run.webSockets!.opened, failures(run)], [1, []]);
});

Deno.test("load of WebSockets survives frames that no server may send", async () => {
  const text = new TextEncoder();
  const letters = (bytes: Uint8Array) => String.fromCharCode(...bytes);
  const masked = "\x81\x81\x01\x02\x03\x04a";
  const rows: readonly (readonly [frames: string, failure: string])[] = [
    [masked, "protocol badFrame"],
    ["\xc1\x01a", "protocol badFrame"],
    ["\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00", "protocol messageTooLong"],
    ["\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "protocol badFrame"],
    ["\x81\x01\xff", "protocol invalidText"],
    [letters(makeFrame(Opcode.close, Uint8Array.of(3, 0xf3))), "closed 1011"],
    ["\x88\x00", "closed 1005"],
    ["\x88\x02\x03\xed", "protocol badFrame"],
  ];
  for (const [frames, failure] of rows) {
    await using server = ScriptedUpstream.start(async (peer) => {
      if (!await accept(peer)) return;
      await peer.send(frames);
      await untilClosed(peer);
    });
    const args = ["-c", "1", "-R", "20", "-n", "2", "-d", "10", "--answer", "echo", "-T", "5s"];
    const run = await runOf(...args, `ws://127.0.0.1:${server.port}/`);
    assert(failures(run).some((each) => each.startsWith(`${failure} `)), `${failures(run)}`);
    assertEquals(run.requestsAnswered, 0, failure);
  }
  // Fragments of one message without end: bounded memory, and a name.
  await using endless = ScriptedUpstream.start(async (peer) => {
    if (!await accept(peer)) return;
    const part = makeFrame(Opcode.continuation, new Uint8Array(60_000));
    part[0] &= 0x7f;
    const first = makeFrame(Opcode.binary, text.encode("a"));
    first[0] &= 0x7f;
    await peer.raw.send(first);
    for (;;) await peer.raw.send(part);
  });
  const run = await runOf("-c", "1", "-n", "1", "-T", "20s", `ws://127.0.0.1:${endless.port}/`);
  assertEquals(failures(run), ["protocol messageTooLong 1"]);
});

Deno.test("load of WebSockets answers pings, joins fragments, and does not wait for ever at the end", async () => {
  let pong = "";
  await using server = ScriptedUpstream.start(async (peer) => {
    if (!await accept(peer)) return;
    const parts = ["\x01\x02he", "\x89\x02hi", "\x80\x03llo"].join("");
    // The client's first message: a head of two bytes, a key, and hello.
    await peer.raw.readBytes(11);
    await peer.send(parts);
    const bytes = Uint8Array.from(await peer.raw.readBytes(8), (letter) => letter.charCodeAt(0));
    pong = String.fromCharCode(bytes[0], ...[6, 7].map((at) => bytes[at] ^ bytes[at - 4]));
    // It reads the close frame and never answers it.
    await untilClosed(peer);
  });
  const args = ["-c", "1", "-n", "1", "--answer", "echo", "-T", "10s"];
  const run = await measure(...args, `ws://127.0.0.1:${server.port}/`);
  assertEquals([run.requestsAnswered, run.webSockets!.pingsAnswered, pong], [1, 1, "\x8ahi"]);
  assertEquals(run.webSockets!.closesUnanswered, 1);
});

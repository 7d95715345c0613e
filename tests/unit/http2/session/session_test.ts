/** Sessions by what they write: flow control, order, drain, clients. */
import { assert, assertEquals } from "@std/assert";
import { ErrorCode, HeadSpace, PreparedResponse } from "../../../../mod/http2/mod.ts";
import { latin1Bytes } from "../../../../mod/http/latin1.ts";
import {
  block,
  bytes,
  data,
  end,
  endHeaders,
  frame,
  get,
  int,
  post,
  preface,
  reset,
  settings,
  Type,
  whole,
  window,
} from "../../../vectors/http2/wire.ts";
import { Recorder, type RecorderOptions } from "../../../vectors/http2/recorder.ts";

const windowBytes = 65_535;

/** A server that has read a client's preface and settings; its own beginning is dropped. */
function server(options: RecorderOptions = {}, first = settings()): Recorder {
  const recorder = new Recorder(options);
  recorder.receive(bytes(preface, first));
  recorder.output.take();
  return recorder;
}

function client(options: RecorderOptions = {}, first = settings()): Recorder {
  const recorder = new Recorder({ isServer: false, ...options });
  recorder.receive(first);
  recorder.output.take();
  return recorder;
}

/** The lengths of DATA frames by stream, in order: `1:5 3:7 END`. */
function dataFrames(recorder: Recorder): string {
  return recorder.output.frames().filter((text) => text.startsWith("DATA")).map((text) => {
    const [, id, ...rest] = text.split(" ");
    const content = rest.join(" ");
    const ends = content.endsWith("END");
    return `${id}:${content.length - (ends ? Math.min(content.length, 4) : 0)}${
      ends ? " END" : ""
    }`;
  }).join(" ");
}

Deno.test("what a server and a client begin with", () => {
  const recorder = new Recorder();
  assertEquals(recorder.output.frames(), ["SETTINGS 0", "WINDOW_UPDATE 0 +2031617"]);
  const other = new Recorder({ isServer: false });
  const written = other.output.take();
  assertEquals(written.subarray(0, 24), preface);
  const expected = settings([2, 0], [4, 524_288], [6, 65_536], [9, 1]);
  assertEquals(written.subarray(24, 24 + expected.length), expected);
});

Deno.test("a body waits for the stream's window, then for the connection's", () => {
  const recorder = server({ answers: false }, settings([4, 10]));
  recorder.receive(get(1));
  const stream = recorder.open.get(1)!;
  recorder.respond(stream, 200, "", false);
  recorder.send(stream, "x".repeat(70_000));
  assertEquals(dataFrames(recorder), "1:10");
  recorder.receive(window(1, 5));
  assertEquals(dataFrames(recorder), "1:5");
  recorder.receive(window(1, 100_000));
  assertEquals(dataFrames(recorder), "1:16375 1:16375 1:16375 1:16375 1:20");
  recorder.receive(window(0, 4465));
  assertEquals(dataFrames(recorder), "1:4465 END");
  assertEquals(recorder.session.streamCount, 0);
});

Deno.test("6.9.2 a smaller initial window can make a stream's window negative", () => {
  const recorder = server({ answers: false }, settings([4, 10]));
  recorder.receive(get(1));
  const stream = recorder.open.get(1)!;
  recorder.respond(stream, 200, "", false);
  recorder.send(stream, "x".repeat(20));
  recorder.receive(settings([4, 4]));
  recorder.receive(window(1, 6));
  assertEquals(dataFrames(recorder), "1:10");
  recorder.receive(window(1, 3));
  assertEquals(dataFrames(recorder), "1:3");
  recorder.receive(settings([4, 100]));
  assertEquals(dataFrames(recorder), "1:7 END");
});

Deno.test("received bytes are given back as they are consumed, in steps of half a window", () => {
  const recorder = server({ answers: false, consumes: false, streamWindowBytes: windowBytes });
  recorder.receive(post(1));
  const stream = recorder.open.get(1)!;
  const piece = "x".repeat(16_000);
  for (let i = 0; i < 4; i++) recorder.receive(data(1, 0, piece));
  assertEquals(recorder.output.frames(), []);
  recorder.session.consumed(stream, 32_000);
  assertEquals(recorder.output.frames(), []);
  recorder.session.consumed(stream, 1000);
  assertEquals(recorder.output.frames(), ["WINDOW_UPDATE 1 +33000"]);
  recorder.receive(data(1, 0, piece));
  recorder.receive(data(1, 0, piece));
  recorder.receive(data(1, 0, "x".repeat(2600)));
  assertEquals(recorder.output.frames(), ["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
});

Deno.test("what one read frees is announced at its end, in one write", () => {
  const recorder = server({
    answers: false,
    streamWindowBytes: windowBytes,
    connectionWindowBytes: 100_000,
  });
  recorder.receive(bytes(post(1), post(3)));
  const writesBefore = recorder.output.writeCount;
  const piece = "x".repeat(12_000);
  const both = bytes(data(1, 0, piece), data(3, 0, piece));
  recorder.receive(bytes(both, both, both));
  assertEquals(recorder.output.frames().toSorted(), [
    "WINDOW_UPDATE 0 +72000",
    "WINDOW_UPDATE 1 +36000",
    "WINDOW_UPDATE 3 +36000",
  ]);
  assertEquals(recorder.output.writeCount, writesBefore + 1);
});

Deno.test("a stream that ends in the read that filled its window gets no credit", () => {
  const recorder = server({ answers: false, streamWindowBytes: windowBytes });
  recorder.receive(post(1));
  const piece = "x".repeat(12_000);
  const most = (id: number) => bytes(data(id, 0, piece), data(id, 0, piece), data(id, 0, piece));
  recorder.receive(bytes(most(1), data(1, end, piece)));
  assertEquals(recorder.output.frames(), []);
  recorder.receive(bytes(post(3), most(3), reset(3)));
  assertEquals(recorder.output.frames(), []);
});

Deno.test("6.9.1 DATA beyond the connection's window ends it", () => {
  const options = { streamWindowBytes: 100_000, connectionWindowBytes: windowBytes };
  const recorder = server({
    answers: false,
    consumes: false,
    heldBytesMax: windowBytes,
    ...options,
  });
  recorder.receive(bytes(post(1), post(3)));
  for (let i = 0; i < 4; i++) recorder.receive(data(1, 0, "x".repeat(16_000)));
  recorder.receive(data(3, 0, "x".repeat(1536)));
  assertEquals(recorder.events.at(-1), "failure FLOW_CONTROL_ERROR protocol");
});

Deno.test("a blocked stream leaves its neighbours their credit, up to the bytes held", () => {
  const recorder = server({
    answers: false,
    consumes: false,
    streamWindowBytes: windowBytes,
    connectionWindowBytes: windowBytes,
    heldBytesMax: 150_000,
  });
  recorder.receive(bytes(post(1), post(3), post(5)));
  const fill = (id: number) => {
    for (let i = 0; i < 4; i++) recorder.receive(data(id, 0, "x".repeat(16_000)));
  };
  fill(1);
  // Nothing is consumed, and the connection's window is whole again for stream 3.
  assertEquals(recorder.output.frames(), ["WINDOW_UPDATE 0 +48000"]);
  fill(3);
  const given = recorder.output.frames();
  assertEquals(given.every((text) => text.startsWith("WINDOW_UPDATE 0")), true);
  // 128,000 bytes are held: no more than 22,000 may come.
  recorder.receive(data(5, 0, "x".repeat(16_000)));
  recorder.receive(data(5, 0, "x".repeat(16_000)));
  assertEquals(recorder.events.at(-1), "failure FLOW_CONTROL_ERROR protocol");
});

Deno.test("streams that end give back what they held", () => {
  const held = { now: 0, max: 1_000_000 };
  const recorder = server({ answers: false, consumes: false, held });
  recorder.receive(bytes(post(1), data(1, 0, "abc"), post(3), data(3, end, "de")));
  assertEquals(held.now, 5);
  recorder.receive(reset(1));
  assertEquals(held.now, 2);
  recorder.session.end(ErrorCode.cancel);
  assertEquals(held.now, 0);
  assertEquals(recorder.events.slice(-2), ["reset 1 CANCEL by peer", "reset 3 CANCEL"]);
});

/** Streams with these priorities that all wait for the connection's window. */
function waiting(priorities: readonly string[], body: number): Recorder {
  const recorder = server({ answers: false }, settings([4, 1_000_000]));
  recorder.receive(get(1));
  const first = recorder.open.get(1)!;
  recorder.respond(first, 200, "", false);
  recorder.send(first, "x".repeat(windowBytes));
  priorities.forEach((priority, i) => {
    recorder.receive(get(3 + 2 * i, ["priority", priority]));
    const stream = recorder.open.get(3 + 2 * i)!;
    recorder.respond(stream, 200, "", false);
    recorder.send(stream, "x".repeat(body));
  });
  recorder.output.take();
  return recorder;
}

Deno.test("RFC 9218 10: the most urgent first, then in the order of requests", () => {
  const recorder = waiting(["u=5", "u=1", "", "u=1"], 1000);
  recorder.receive(window(0, 10_000));
  assertEquals(dataFrames(recorder), "5:1000 END 9:1000 END 7:1000 END 3:1000 END");
});

Deno.test("a stream that is not incremental keeps its place until it is done", () => {
  const recorder = waiting(["", ""], 1000);
  recorder.receive(window(0, 600));
  recorder.receive(window(0, 600));
  recorder.receive(window(0, 1000));
  assertEquals(dataFrames(recorder), "3:600 3:400 END 5:200 5:800 END");
});

Deno.test("incremental streams take turns", () => {
  const recorder = waiting(["i", "i"], 40_000);
  recorder.receive(window(0, 90_000));
  assertEquals(
    dataFrames(recorder),
    "3:16375 5:16375 3:16375 5:16375 3:7250 END 5:7250 END",
  );
});

Deno.test("PRIORITY_UPDATE changes the order of those that wait", () => {
  const recorder = waiting(["", "", ""], 100);
  recorder.receive(bytes(frame(16, 0, 0, int(7, 4), "u=0"), frame(16, 0, 0, int(3, 4), "u=7")));
  recorder.receive(window(0, 1000));
  assertEquals(dataFrames(recorder), "7:100 END 5:100 END 3:100 END");
});

Deno.test("nothing but heads is written while the output is blocked", () => {
  const recorder = server();
  recorder.output.isBlocked = true;
  recorder.receive(bytes(get(1), get(3)));
  assertEquals(recorder.output.frames().map((text) => text.split(" ")[0]), ["HEADERS", "HEADERS"]);
  recorder.output.isBlocked = false;
  recorder.session.flush();
  assertEquals(recorder.output.frames(), ["DATA 1 ok END", "DATA 3 ok END"]);
});

Deno.test("the peer's frame size holds for heads and data", () => {
  const recorder = server({ answers: false }, settings([5, 20_000], [4, 1_000_000]));
  recorder.receive(get(1));
  const stream = recorder.open.get(1)!;
  recorder.respond(stream, 200, `a: ${"é".repeat(30_000)}\r\n`, false);
  recorder.send(stream, "x".repeat(25_000));
  const frames = recorder.output.frames().map((text) => text.split(" ").slice(0, 2).join(" "));
  assertEquals(frames, ["HEADERS 1", "CONTINUATION 1", "DATA 1", "DATA 1"]);
});

Deno.test("a prepared response is one write, and waits like any other", () => {
  const lines = latin1Bytes("content-length: 5\r\n");
  const date = latin1Bytes("Sun, 06 Nov 1994 08:49:37 GMT");
  const response = new PreparedResponse(200, lines, date, latin1Bytes("hello"));
  const recorder = server({ answers: false }, settings([4, 7]));
  recorder.receive(bytes(get(1), get(3), get(5)));
  const [first, second, third] = [1, 3, 5].map((id) => recorder.open.get(id)!);
  assertEquals(recorder.session.writePrepared(first, response), true);
  assertEquals(recorder.output.frames(), ["HEADERS 1 37", "DATA 1 hello END"]);
  assertEquals(recorder.session.streamCount, 2);
  recorder.output.isBlocked = true;
  assertEquals(recorder.session.writePrepared(second, response), false);
  recorder.output.isBlocked = false;
  const empty = new PreparedResponse(204, new Uint8Array(0), null, new Uint8Array(0));
  assertEquals(recorder.session.writePrepared(third, empty), true);
  assertEquals(recorder.output.frames(), ["HEADERS 5 1 END"]);
});

Deno.test("6.8 GOAWAY in two steps: streams opened before the PING's answer are accepted", () => {
  const recorder = server();
  recorder.receive(post(1));
  recorder.session.drain();
  const written = recorder.output.take();
  assertEquals(written.subarray(0, 17), frame(Type.goaway, 0, 0, int(0x7fffffff, 4), int(0, 4)));
  const ping = written.subarray(17);
  recorder.receive(bytes(get(3), frame(Type.ping, 1, 0, ping.subarray(9))));
  assertEquals(recorder.output.frames().at(-1), "GOAWAY 0 3 NO_ERROR");
  // Too late: not answered, and the table stays in step.
  recorder.receive(bytes(get(5), data(5, end, "x"), data(1, end, "abc")));
  assertEquals(recorder.events.slice(1), ["request 3 GET / a.example", "data 1 abc", "end 1"]);
  assertEquals(recorder.session.streamCount, 0);
  assertEquals(recorder.session.isFailed, false);
});

Deno.test("drainNow does not wait for the PING", () => {
  const recorder = server();
  recorder.receive(post(1));
  recorder.session.drain();
  recorder.session.drainNow();
  recorder.session.drainNow();
  const goaways = recorder.output.frames().filter((text) => text.startsWith("GOAWAY"));
  assertEquals(goaways, ["GOAWAY 0 2147483647 NO_ERROR", "GOAWAY 0 1 NO_ERROR"]);
});

Deno.test("a reset of our own needs no answer, and late frames are dropped", () => {
  const recorder = server({ answers: false });
  recorder.receive(post(1));
  recorder.session.reset(recorder.open.get(1)!, ErrorCode.noError);
  assertEquals(recorder.output.frames(), ["RST_STREAM 1 NO_ERROR"]);
  recorder.receive(bytes(data(1, end, "x"), get(3)));
  assertEquals(recorder.events.slice(1), ["request 3 GET / a.example"]);
});

const ok = block([":status", "200"]);

Deno.test("a client: interim responses, body, trailers", () => {
  const recorder = client();
  const stream = recorder.request("POST", "/x", "a: b\r\n", false);
  recorder.send(stream, "hello");
  assertEquals(recorder.output.frames().slice(1), ["DATA 1 hello END"]);
  recorder.receive(bytes(
    frame(Type.headers, endHeaders, 1, block([":status", "103"], ["link", "x"])),
    frame(Type.headers, endHeaders, 1, ok),
    data(1, 0, "body"),
    frame(Type.headers, whole, 1, block(["grpc-status", "0"])),
  ));
  assertEquals(recorder.events, [
    "response 1 103 link=x",
    "response 1 200 ",
    "data 1 body",
    "end 1 grpc-status=0",
  ]);
  assertEquals(recorder.session.streamCount, 0);
});

const responseRows:
  readonly (readonly [rule: string, method: string, expect: string, ...frames: Uint8Array[]])[] = [
    ["8.3.2 no :status", "GET", "malformed 1 pseudoMissing", frame(1, whole, 1, block(["a", "b"]))],
    [
      "8.3.2 two",
      "GET",
      "malformed 1 pseudoRepeated",
      frame(1, whole, 1, block([":status", "200"], [":status", "200"])),
    ],
    ["8.3.2 no number", "GET", "malformed 1 status", frame(1, whole, 1, block([":status", "2x0"]))],
    [
      "8.3.2 of a request",
      "GET",
      "malformed 1 pseudoMisplaced",
      frame(1, whole, 1, block([":path", "/"])),
    ],
    ["8.6 101", "GET", "malformed 1 status", frame(1, endHeaders, 1, block([":status", "101"]))],
    [
      "8.1 1xx that ends",
      "GET",
      "malformed 1 status",
      frame(1, whole, 1, block([":status", "103"])),
    ],
    ["8.1 DATA before the head", "GET", "reset 1 PROTOCOL_ERROR", data(1, end, "x")],
    [
      "8.1.1 too much DATA",
      "GET",
      "reset 1 PROTOCOL_ERROR",
      frame(1, endHeaders, 1, block([":status", "200"], ["content-length", "1"])),
      data(1, end, "xx"),
    ],
    [
      "8.1.1 DATA after HEAD",
      "HEAD",
      "reset 1 PROTOCOL_ERROR",
      frame(1, endHeaders, 1, block([":status", "200"], ["content-length", "1"])),
      data(1, end, "x"),
    ],
    [
      "8.1.1 HEAD with a length",
      "HEAD",
      "response 1 200 content-length=9 END",
      frame(1, whole, 1, block([":status", "200"], ["content-length", "9"])),
    ],
    [
      "8.1.1 304 with a length",
      "GET",
      "response 1 304 content-length=9 END",
      frame(1, whole, 1, block([":status", "304"], ["content-length", "9"])),
    ],
    [
      "8.1.1 DATA with 204",
      "GET",
      "reset 1 PROTOCOL_ERROR",
      frame(1, endHeaders, 1, block([":status", "204"])),
      data(1, end, "x"),
    ],
    [
      "8.4 PUSH_PROMISE",
      "GET",
      "failure PROTOCOL_ERROR protocol",
      frame(5, endHeaders, 1, int(2, 4), ok),
    ],
    [
      "5.1.1 a stream of the server",
      "GET",
      "failure PROTOCOL_ERROR protocol",
      frame(1, whole, 2, ok),
    ],
    ["5.1 a stream not opened", "GET", "failure PROTOCOL_ERROR protocol", frame(1, whole, 3, ok)],
    ["6.4 refused", "GET", "reset 1 REFUSED_STREAM by peer", reset(1, 7)],
    [
      "RFC 9218 7.1 PRIORITY_UPDATE from a server",
      "GET",
      "failure PROTOCOL_ERROR protocol",
      frame(16, 0, 0, int(1, 4), "u=1"),
    ],
    [
      "6.5.2 ENABLE_PUSH of 1 from a server",
      "GET",
      "failure PROTOCOL_ERROR protocol",
      settings([2, 1]),
    ],
  ];

for (const [rule, method, expect, ...frames] of responseRows) {
  Deno.test(`responses: ${rule}`, () => {
    const recorder = client();
    recorder.request(method, "/", "", true);
    recorder.receive(bytes(...frames));
    const found = recorder.events.some((event) => event.trim() === expect.trim());
    assert(found, `${expect} is not in ${JSON.stringify(recorder.events)}`);
  });
}

Deno.test("a client keeps to the server's limit of streams", () => {
  const recorder = client({}, settings([3, 2]));
  recorder.request("GET", "/", "", true);
  assertEquals(recorder.session.canOpen, true);
  recorder.request("GET", "/", "", true);
  assertEquals(recorder.session.canOpen, false);
  recorder.receive(frame(Type.headers, whole, 1, ok));
  assertEquals(recorder.session.canOpen, true);
});

Deno.test("6.8 GOAWAY from a server: streams above are refused, those below go on", () => {
  const recorder = client();
  recorder.request("GET", "/", "", true);
  recorder.request("GET", "/", "", true);
  recorder.receive(frame(Type.goaway, 0, 0, int(1, 4), int(0, 4)));
  assertEquals(recorder.events, ["goaway 1 NO_ERROR", "reset 3 REFUSED_STREAM by peer"]);
  assertEquals(recorder.session.canOpen, false);
  recorder.receive(frame(Type.headers, whole, 1, ok));
  assertEquals(recorder.events.at(-1), "response 1 200  END");
  assertEquals(recorder.session.streamCount, 0);
});

Deno.test("sessions that share one space do not mix their heads", () => {
  const space = new HeadSpace({ headBytesMax: 65_536, fieldsMax: 128, pathBytesMax: 8192 }, 4096);
  const sessions = [0, 1, 2].map(() => new Recorder({ answers: false }, space));
  const request = (value: string) =>
    bytes(0x82, 0x86, 0x84, 0x41, 9, "a.example", 0x40, 1, "n", value.length, value);
  sessions.forEach((recorder, i) => {
    recorder.receive(bytes(preface, settings(), frame(1, whole, 1, request(`session ${i}`))));
  });
  for (let id = 3; id < 9; id += 2) {
    for (const recorder of sessions) {
      recorder.receive(frame(1, whole, id, 0x82, 0x86, 0x84, 0xbf, 0xbe));
    }
  }
  sessions.forEach((recorder, i) => {
    const expected = [1, 3, 5, 7].map((id) => `request ${id} GET / a.example n=session ${i}`);
    assertEquals(recorder.events, expected);
  });
});

Deno.test("a block that repeats is recognised, one that differs in a byte is not", () => {
  const recorder = server({ answers: false });
  const head = (path: string, authority = "a") =>
    bytes(0x82, 0x86, 4, path.length, path, 1, authority.length, authority);
  const paths = ["/a", "/a", "/a", "/b", "/a", "/abc", "/a"];
  paths.forEach((path, i) => recorder.receive(frame(1, whole, 1 + 2 * i, head(path))));
  // The same block without END_STREAM, and one that inserts.
  recorder.receive(frame(1, endHeaders, 51, head("/a")));
  const inserting = bytes(0x82, 0x86, 0x84, 0x41, 1, "a", 0x40, 1, "n", 1, "v");
  for (const id of [53, 55]) recorder.receive(frame(1, whole, id, inserting));
  recorder.receive(frame(1, whole, 57, 0x82, 0x86, 0x84, 0xc1, 0xc0, 0xbe));
  assertEquals(recorder.events, [
    ...paths.map((path, i) => `request ${1 + 2 * i} GET ${path} a`),
    "request 51 GET /a a",
    "request 53 GET / a n=v",
    "request 55 GET / a n=v",
    "request 57 GET / a n=v&n=v",
  ]);
});

Deno.test("a window below 65,535 counts from the acknowledgement of SETTINGS", () => {
  const recorder = server({ answers: false, streamWindowBytes: 1000 });
  recorder.receive(bytes(post(1), data(1, 0, "x".repeat(10_000))));
  assertEquals(recorder.output.frames(), []);
  recorder.receive(frame(Type.settings, 1, 0));
  assertEquals(recorder.output.frames(), ["WINDOW_UPDATE 1 +10000"]);
  recorder.receive(bytes(post(3), data(3, 0, "x".repeat(1001))));
  assertEquals(recorder.output.frames(), ["RST_STREAM 3 FLOW_CONTROL_ERROR"]);
});

Deno.test("an output that ends the session while it is written to", () => {
  const recorder = server({ answers: false });
  recorder.receive(bytes(get(1), get(3), get(5)));
  const [first, second, third] = [1, 3, 5].map((id) => recorder.open.get(id)!);
  recorder.respond(first, 200, "", false);
  recorder.output.write = () => recorder.session.end(ErrorCode.cancel);
  recorder.session.writeData(first, latin1Bytes("abc"), 0, 3, true);
  recorder.respond(second, 200, "", true);
  recorder.session.reset(third, ErrorCode.cancel);
  recorder.session.consumed(third, 1);
  const resets = recorder.events.filter((event) => event.startsWith("reset"));
  assertEquals(resets, ["reset 1 CANCEL", "reset 3 CANCEL", "reset 5 CANCEL"]);
  assertEquals(recorder.session.streamCount, 0);
  assertEquals([first.id, second.id, third.id], [0, 0, 0]);
});

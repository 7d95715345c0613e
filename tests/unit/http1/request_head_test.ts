import { assert, assertEquals } from "@std/assert";
import {
  FieldKind,
  Framing,
  latin1Bytes,
  Method,
  methodNames,
  RequestHead,
  TargetForm,
} from "../../../mod/http/mod.ts";
import { defaultLimits, describeFault, parseRequestHead } from "../../../mod/http1/mod.ts";

function parsed(text: string): RequestHead {
  const bytes = latin1Bytes(text);
  const head = new RequestHead();
  const end = parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0);
  assertEquals(end, bytes.length);
  return head;
}

Deno.test("RequestHead gives methods, targets and fields as text on demand", () => {
  const head = parsed(
    "GET /a?b HTTP/1.1\r\nHost: x:80\r\nX-One:  1 \r\nx-one: 2\r\nAccept-X_Y: v\r\n\r\n",
  );
  assertEquals(head.method, Method.get);
  assertEquals([head.methodText(), head.targetText(), head.hostText()], ["GET", "/a?b", "x:80"]);
  assertEquals(head.fieldCount, 4);
  assertEquals([head.name(1), head.value(1)], ["X-One", "1"]);
  assertEquals([head.find("x-one"), head.find("x-one", 2), head.find("x-one", 3)], [1, 2, -1]);
  assertEquals(head.field("accept-x_y"), "v");
  assertEquals(head.field("absent"), null);
  assertEquals(head.kinds[0], FieldKind.host);
});

Deno.test("RequestHead knows each method by its number", () => {
  for (let method = Method.get as number; method < methodNames.length; method++) {
    const name = methodNames[method];
    const target = name === "CONNECT" ? "a:1" : "/";
    const head = parsed(`${name} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assertEquals([head.method, head.methodText()], [method, name]);
  }
  assertEquals(parsed("GETS / HTTP/1.1\r\nHost: a\r\n\r\n").method, Method.other);
});

Deno.test("RequestHead separates authority and path in the four forms of a target", () => {
  const rows: [line: string, form: TargetForm, path: string, host: string][] = [
    ["GET /p?q HTTP/1.1", TargetForm.origin, "/p?q", "field"],
    ["GET http://h:1/p?q HTTP/1.1", TargetForm.absolute, "/p?q", "h:1"],
    ["GET http://h HTTP/1.1", TargetForm.absolute, "/", "h"],
    ["GET https://[::1]?q HTTP/1.1", TargetForm.absolute, "/?q", "[::1]"],
    ["CONNECT h:443 HTTP/1.1", TargetForm.authority, "", "h:443"],
    ["OPTIONS * HTTP/1.1", TargetForm.asterisk, "", "field"],
  ];
  for (const [line, form, path, host] of rows) {
    const head = parsed(`${line}\r\nHost: field\r\n\r\n`);
    assertEquals([head.targetForm, head.pathText(), head.hostText()], [form, path, host], line);
  }
});

Deno.test("RequestHead has framing, length, expectation and upgrade", () => {
  const h = "POST / HTTP/1.1\r\nHost: a\r\n";
  const none = parsed(`${h}\r\n`);
  assertEquals([none.framing, none.contentLength], [Framing.none, -1]);
  const zero = parsed(`${h}Content-Length: 0\r\n\r\n`);
  assertEquals([zero.framing, zero.contentLength], [Framing.none, 0]);
  const some = parsed(`${h}Content-Length: 9007199254740991\r\nExpect: 100-Continue\r\n\r\n`);
  assertEquals([some.framing, some.contentLength], [Framing.length, Number.MAX_SAFE_INTEGER]);
  assert(some.expectContinue);
  assert(!parsed(`${h}Expect: 100-continue\r\n\r\n`).expectContinue);
  assert(!parsed(`${h}Content-Length: 1\r\nExpect: not-continue\r\n\r\n`).expectContinue);
  const chunked = parsed(`${h}transfer-encoding: Chunked\r\n\r\n`);
  assertEquals([chunked.framing, chunked.contentLength], [Framing.chunked, -1]);
  assert(parsed(`${h}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`).upgrade);
  assert(parsed(`${h}Upgrade: WebSocket\r\nConnection: close, upgrade\r\n\r\n`).upgrade);
  assert(!parsed(`${h}Connection: Upgrade\r\n\r\n`).upgrade);
  // h2o upgrades to exactly `websocket` and drops every other value.
  for (
    const value of ["h2c", "TLS/1.0", "websocket, h2c", "h2c, websocket", "websocket/13", "web"]
  ) {
    assert(!parsed(`${h}Connection: Upgrade\r\nUpgrade: ${value}\r\n\r\n`).upgrade, value);
  }
  const twice = "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n";
  assert(!parsed(h + twice).upgrade);
  assert(!parsed(`${h}Connection: x-seven\r\nUpgrade: websocket\r\n\r\n`).upgrade);
  assert(!parsed("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").upgrade);
});

Deno.test("RequestHead keeps nothing of the previous head", () => {
  const head = new RequestHead();
  const first = latin1Bytes(
    "POST http://h/ HTTP/1.1\r\nHost: a\r\nConnection: close, x, upgrade\r\nUpgrade: y\r\n" +
      "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
  );
  assert(parseRequestHead(head, first, 0, first.length, defaultLimits, 0) > 0);
  const second = latin1Bytes("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  assert(parseRequestHead(head, second, 0, second.length, defaultLimits, 0) > 0);
  assertEquals(head.hostText(), "");
  assertEquals([head.framing, head.contentLength, head.minor], [Framing.none, -1, 0]);
  assertEquals([head.keepAlive, head.upgrade, head.expectContinue], [true, false, false]);
  assertEquals([head.connectionNamesFields, head.fieldCount], [false, 1]);
});

Deno.test("namedByConnection() finds names in any Connection field, but never framing or Host", () => {
  const head = parsed(
    "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\nContent-Length: 0\r\n" +
      "Connection: keep-alive , x-ONE,,host, content-length\r\nConnection:\tx-three ,y\r\n\r\n",
  );
  const named = [];
  for (let i = 0; i < head.fieldCount; i++) if (head.namedByConnection(i)) named.push(head.name(i));
  assertEquals(named, ["X-One", "X-Three"]);
  const plain = parsed("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nConnection: close\r\n\r\n");
  assert(!plain.namedByConnection(1));
  const empty = parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: , ,close,\r\n\r\n");
  assert(!empty.connectionNamesFields && !empty.keepAlive);
});

Deno.test("parseRequestHead() accepts more fields than the head was created for", () => {
  const head = new RequestHead(2);
  const text = `GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(9)}\r\n`;
  const bytes = latin1Bytes(text);
  assertEquals(parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0), bytes.length);
  assertEquals([head.fieldCount, head.value(9)], [10, "y"]);
});

Deno.test("parseRequestHead() enforces each limit to the byte", () => {
  const limits = { startLineBytesMax: 16, headBytesMax: 40, fieldsMax: 2 };
  const outcome = (text: string) => {
    const bytes = latin1Bytes(text);
    const result = parseRequestHead(new RequestHead(), bytes, 0, bytes.length, limits, 0);
    return result < 0 ? describeFault(result).status : result;
  };
  assertEquals(outcome("GET /12 HTTP/1.1\r\nHost: a\r\n\r\n"), 29);
  assertEquals(outcome("GET /123 HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  assertEquals(outcome("GET /12 HTTP/1.1\r"), 0);
  assertEquals(outcome("GET /123 HTTP/1.1"), 0);
  assertEquals(outcome("GET /123 HTTP/1.1\r"), 414);
  assertEquals(outcome("GET / HTTP/1.1\r\nHost: a\r\nX: 12345678\r\n\r\n"), 40);
  assertEquals(outcome("GET / HTTP/1.1\r\nHost: a\r\nX: 123456789\r\n\r\n"), 431);
  assertEquals(outcome("GET / HTTP/1.1\r\nHost: a\r\nX: 123456789\r\n"), 0);
  assertEquals(outcome("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n"), 431);
});

/** A buffer that counts how often its bytes are read. */
function counted(bytes: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(bytes, {
    get(target, key) {
      reads++;
      return Reflect.get(target, key, target);
    },
  });
  return { bytes: proxy, reads: () => reads };
}

Deno.test("parseRequestHead() parses a head that arrives byte by byte in linear time", () => {
  const text = `GET / HTTP/1.1\r\nHost: a\r\n${`X: ${"y".repeat(200)}\r\n`.repeat(100)}\r\n`;
  const { bytes, reads } = counted(latin1Bytes(text));
  const head = new RequestHead();
  let result = 0;
  for (let end = 1; end <= text.length; end++) {
    assertEquals(result, 0);
    result = parseRequestHead(head, bytes, 0, end, defaultLimits, end - 1);
  }
  assertEquals(result, text.length);
  assert(reads() < 16 * text.length, `${reads()} reads of ${text.length} bytes`);
});

Deno.test("parseRequestHead() refuses a head that ends in bare LF as soon as it ends", () => {
  const text = "GET / HTTP/1.1\r\nHost: a\r\n\n";
  const bytes = latin1Bytes(text);
  const head = new RequestHead();
  for (let end = 1; end < text.length; end++) {
    assertEquals(parseRequestHead(head, bytes, 0, end, defaultLimits, end - 1), 0);
  }
  const result = parseRequestHead(head, bytes, 0, text.length, defaultLimits, text.length - 1);
  assertEquals(describeFault(result).name, "bareLineFeed");
});

Deno.test("parseRequestHead() detects an exceeded limit at the exact byte, also byte by byte", () => {
  const head = new RequestHead();
  const line = latin1Bytes("G".repeat(9000));
  let at = 1;
  while (parseRequestHead(head, line, 0, at, defaultLimits, at - 1) === 0) at++;
  assertEquals(at, defaultLimits.startLineBytesMax + 2);
  const fields = latin1Bytes(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(70000)}`);
  at = 1;
  while (parseRequestHead(head, fields, 0, at, defaultLimits, at - 1) === 0) at++;
  assertEquals(at, defaultLimits.headBytesMax);
  // Limits that are not a power of two do not coincide with the check at each doubling.
  const limits = { startLineBytesMax: 20, headBytesMax: 50, fieldsMax: 4 };
  at = 1;
  while (parseRequestHead(head, line, 0, at, limits, at - 1) === 0) at++;
  assertEquals(at, 22);
  at = 1;
  while (parseRequestHead(head, fields, 0, at, limits, at - 1) === 0) at++;
  assertEquals(at, 50);
});

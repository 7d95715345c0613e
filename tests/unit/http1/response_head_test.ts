import { assert, assertEquals } from "@std/assert";
import { Framing, latin1Bytes, Method, ResponseHead } from "../../../mod/http/mod.ts";
import { defaultLimits, describeFault, parseResponseHead } from "../../../mod/http1/mod.ts";

function parsed(text: string, method: Method = Method.get): ResponseHead {
  const bytes = latin1Bytes(text);
  const head = new ResponseHead();
  const end = parseResponseHead(head, bytes, 0, bytes.length, defaultLimits, 0, method);
  assertEquals(end, bytes.length);
  return head;
}

Deno.test("ResponseHead gives status, reason and fields", () => {
  const head = parsed("HTTP/1.1 404 Not  Found \r\nContent-Length: 5\r\nX: y\r\n\r\n");
  assertEquals([head.status, head.reasonText(), head.minor], [404, "Not  Found ", 1]);
  assertEquals([head.framing, head.contentLength], [Framing.length, 5]);
  assertEquals([head.field("x"), head.field("y")], ["y", null]);
});

Deno.test("ResponseHead keeps the length of responses to HEAD and of 304, which have no body", () => {
  const text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const head = parsed(text, Method.head);
  assertEquals([head.framing, head.contentLength, head.keepAlive], [Framing.none, 5, true]);
  const empty = parsed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  assertEquals([empty.framing, empty.contentLength, empty.keepAlive], [Framing.none, 0, true]);
  const unchanged = parsed("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  assertEquals([unchanged.framing, unchanged.contentLength], [Framing.none, 5]);
});

Deno.test("ResponseHead.upgrade shows whether the protocol is switched", () => {
  const fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  assert(parsed(`HTTP/1.1 101 Switching Protocols\r\n${fields}`).upgrade);
  assert(!parsed(`HTTP/1.0 101 Switching Protocols\r\n${fields}`).upgrade);
  assert(!parsed("HTTP/1.1 200 OK\r\nUpgrade: h2c\r\n\r\n").upgrade);
  const other = "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  assert(!parsed(`HTTP/1.1 101 Switching Protocols\r\n${other}`).upgrade);
});

Deno.test("ResponseHead keeps nothing of the previous head", () => {
  const head = new ResponseHead();
  const first = latin1Bytes("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: close, x\r\n\r\n");
  assert(parseResponseHead(head, first, 0, first.length, defaultLimits, 0, Method.get) > 0);
  const second = latin1Bytes("HTTP/1.1 201\r\n\r\n");
  assert(parseResponseHead(head, second, 0, second.length, defaultLimits, 0, Method.get) > 0);
  assertEquals([head.status, head.reasonText(), head.contentLength], [201, "", -1]);
  assertEquals([head.framing, head.connectionNamesFields], [Framing.eof, false]);
});

Deno.test("parseResponseHead() enforces each limit to the byte", () => {
  const limits = { startLineBytesMax: 15, headBytesMax: 30, fieldsMax: 1 };
  const outcome = (text: string) => {
    const bytes = latin1Bytes(text);
    const head = new ResponseHead();
    const result = parseResponseHead(head, bytes, 0, bytes.length, limits, 0, Method.get);
    return result < 0 ? describeFault(result).name : result;
  };
  assertEquals(outcome("HTTP/1.1 200 OK\r\n\r\n"), 19);
  assertEquals(outcome("HTTP/1.1 200 OKK"), 0);
  assertEquals(outcome("HTTP/1.1 200 OKKK"), "headTooLong");
  assertEquals(outcome("HTTP/1.1 200 OK\r\nX: 123456\r\n\r\n"), 30);
  assertEquals(outcome("HTTP/1.1 200 OK\r\nX: 123456\r\n\r"), 0);
  assertEquals(outcome("HTTP/1.1 200 OK\r\nX: 1234567\r\n\r"), "headTooLong");
  assertEquals(outcome("HTTP/1.1 200 OK\r\nX:\r\nY:\r\n\r\n"), "tooManyFields");
});

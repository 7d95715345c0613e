import { assertEquals, assertMatch } from "@std/assert";
import {
  type Hello,
  type Identity,
  isServing,
  protocolVersion,
  readAnswer,
  readHello,
  refusalOf,
  serving,
} from "../../../../mod/supervise/takeover/protocol.ts";

const hello: Hello = {
  takeOver: protocolVersion,
  version: "2.0",
  container: "docker:bbb",
  createdMs: 2000,
};
const own: Identity = { container: "docker:aaa", createdMs: 1000 };

Deno.test("refusalOf() lets a newer container take over, and any process of the host", () => {
  assertEquals(refusalOf(hello, own, []), null);
  assertEquals(refusalOf({ ...hello, container: null, createdMs: 0 }, own, []), null);
  assertEquals(refusalOf(hello, { container: null, createdMs: 0 }, []), null);
  // Where an engine says nothing of the time, only the history counts.
  assertEquals(refusalOf({ ...hello, createdMs: 0 }, own, ["docker:ccc"]), null);
});

Deno.test("refusalOf() keeps a container from coming back", () => {
  assertMatch(
    refusalOf(hello, own, ["docker:bbb"]) ?? "",
    /has taken over from container docker:bbb already/,
  );
  assertMatch(
    refusalOf({ ...hello, createdMs: 999 }, own, []) ?? "",
    /container docker:bbb is older than container docker:aaa/,
  );
});

Deno.test("refusalOf() names both versions of the protocol", () => {
  const other = protocolVersion + 1;
  assertMatch(
    refusalOf({ ...hello, takeOver: other }, own, []) ?? "",
    new RegExp(
      `version ${other} of the protocol, the running supervisor version ${protocolVersion}`,
    ),
  );
});

Deno.test("messages of another form are no messages", () => {
  assertEquals(readHello(JSON.stringify(hello)), hello);
  for (const line of ["", "{}", "[]", "GET / HTTP/1.1", '{"takeOver":"1"}', '{"takeOver":1}']) {
    assertEquals(readHello(line), null, line);
    assertEquals(readAnswer(line), null, line);
    assertEquals(isServing(line), false, line);
  }
  assertEquals(readAnswer('{"refused":"no"}'), { refused: "no" });
  assertEquals(isServing(JSON.stringify(serving)), true);
});

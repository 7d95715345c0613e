import { assert, assertEquals } from "@std/assert";
import {
  innerOf,
  makeHeaders,
  requestKeys,
  staticBodyOf,
} from "../../../../mod/serve/fetch/internals.ts";

Deno.test("this Deno stores its objects' state where internals.ts expects it", () => {
  const inner = innerOf(new Response("x", { status: 201, headers: { a: "b" } }));
  assertEquals(inner?.status, 201);
  assertEquals(staticBodyOf(inner!.body!)?.body, "x");
  const stream = innerOf(new Response(new ReadableStream()));
  assertEquals(staticBodyOf(stream!.body!), null);
  assertEquals(innerOf(new Response(null))?.body, null);
  assert(requestKeys.length > 0);
});

Deno.test("makeHeaders() returns a Headers object with every pair", () => {
  const headers = makeHeaders([["a", "1"], ["b", "2"], ["a", "3"]]);
  assertEquals([headers.get("A"), headers.get("b"), headers.has("c")], ["1, 3", "2", false]);
  assertEquals([...headers], [["a", "1, 3"], ["b", "2"]]);
});

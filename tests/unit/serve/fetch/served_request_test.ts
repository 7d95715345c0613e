import { assert, assertEquals, assertRejects } from "@std/assert";
import { RequestHead } from "../../../../mod/http/request_head.ts";
import { parseRequestHead } from "../../../../mod/http1/request_head.ts";
import { defaultLimits } from "../../../../mod/http1/limits.ts";
import { latin1Bytes } from "../../../../mod/http/latin1.ts";
import { HeadArena } from "../../../../mod/serve/fetch/head_arena.ts";
import { RequestBody } from "../../../../mod/serve/fetch/request_body.ts";
import { ServedRequest } from "../../../../mod/serve/fetch/served_request.ts";

/** Records the calls to the socket. */
class Source {
  paused = false;
  pauseBody(): void {
    this.paused = true;
  }
  resumeBody(): void {
    this.paused = false;
  }
}

function copyOf(text: string) {
  const bytes = latin1Bytes(text);
  const head = new RequestHead();
  assert(parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0) > 0, text);
  const copy = new HeadArena().copy(head);
  bytes.fill(0);
  return copy;
}

function requestOf(text: string, body: RequestBody | null = null): Request {
  const controller = new AbortController();
  const origin = { head: copyOf(text), body, signal: () => controller.signal };
  return new ServedRequest(origin) as unknown as Request;
}

function bodyOf(...parts: string[]): RequestBody {
  const body = new RequestBody(new Source());
  for (const part of parts) body.push(latin1Bytes(part), 0, part.length);
  body.end();
  return body;
}

Deno.test("ServedRequest keeps method, url and headers after the head's buffer is reused", () => {
  const request = requestOf(
    "PROPFIND /a?b=1 HTTP/1.1\r\nHost: h.test:81\r\nX-A: \t v \r\nX-B:\r\n\r\n",
  );
  assert(request instanceof Request);
  assertEquals([request.method, request.url], ["PROPFIND", "http://h.test:81/a?b=1"]);
  assertEquals([...request.headers], [["host", "h.test:81"], ["x-a", "v"], ["x-b", ""]]);
  assertEquals([request.body, request.bodyUsed], [null, false]);
});

Deno.test("ServedRequest writes URLs as the URL standard does", () => {
  const rows: [target: string, url: string][] = [
    ["/", "http://h/"],
    ["//x/y", "http://h//x/y"],
    ["/a/../b", "http://h/b"],
    ["/%7Ea", "http://h/%7Ea"],
    ["/a|b", "http://h/a|b"],
    ["http://other.test/x?y", "http://other.test/x?y"],
    ["http://other.test", "http://other.test/"],
  ];
  for (const [target, url] of rows) {
    assertEquals(requestOf(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`).url, url, target);
  }
  assertEquals(requestOf("GET /x HTTP/1.0\r\n\r\n").url, "http://localhost/x");
});

const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Type: text/x\r\n\r\n";

Deno.test("ServedRequest returns its body once, in every form", async () => {
  assertEquals(await requestOf(post, bodyOf("a", "bc")).text(), "abc");
  assertEquals(await requestOf(post, bodyOf('{"a":1}')).json(), { a: 1 });
  assertEquals([...await requestOf(post, bodyOf("ab")).bytes()], [97, 98]);
  assertEquals((await requestOf(post, bodyOf("ab", "c")).arrayBuffer()).byteLength, 3);
  const blob = await requestOf(post, bodyOf("ab")).blob();
  assertEquals([blob.type, await blob.text()], ["text/x", "ab"]);
  const request = requestOf(post, bodyOf("x"));
  assertEquals(request.bodyUsed, false);
  await request.text();
  assertEquals(request.bodyUsed, true);
  await assertRejects(() => request.text(), TypeError);
});

Deno.test("ServedRequest streams its body, and a stream that was started counts as used", async () => {
  const request = requestOf(post, bodyOf("a", "b"));
  let text = "";
  for await (const chunk of request.body!) text += new TextDecoder().decode(chunk);
  assertEquals(text, "ab");
  assertEquals(request.bodyUsed, true);
  await assertRejects(() => request.text(), TypeError);
});

Deno.test("native functions find a real Request for a served one", async () => {
  const request = requestOf(post, bodyOf("abc"));
  const clone = request.clone();
  const renewed = new Request(request, { method: "PUT" });
  assertEquals([await clone.text(), await renewed.text(), renewed.method], ["abc", "abc", "PUT"]);
  assertEquals([request.bodyUsed, request.redirect], [true, "follow"]);
  assertEquals(requestOf("GET / HTTP/1.1\r\nHost: h\r\n\r\n").clone().url, "http://h/");
});

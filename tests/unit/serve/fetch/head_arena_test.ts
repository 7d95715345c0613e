import { assertEquals } from "@std/assert";
import { latin1Bytes, RequestHead } from "../../../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead } from "../../../../mod/http1/mod.ts";
import { HeadArena } from "../../../../mod/serve/fetch/head_arena.ts";

Deno.test("HeadArena.copy() copies the same head again for another scheme", () => {
  const bytes = latin1Bytes("GET /a HTTP/1.1\r\nHost: h.test\r\n\r\n");
  const head = new RequestHead();
  parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0);
  const arena = new HeadArena();
  const urls = [false, true, true, false].map((isSecure) => arena.copy(head, isSecure).url);
  assertEquals(urls.map((url) => url.split(":")[0]), ["http", "https", "https", "http"]);
});

import { assertEquals } from "@std/assert";
import { PendingTokens } from "../../../mod/acme/pending_tokens.ts";
import { latin1Bytes, RequestHead } from "../../../mod/http/mod.ts";
import { parseRequestHead } from "../../../mod/http1/mod.ts";
import { defaultLimits } from "../../../mod/http1/limits.ts";

function headOf(line: string): RequestHead {
  const head = new RequestHead();
  const bytes = latin1Bytes(`${line} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
  parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0);
  return head;
}

Deno.test("GET and HEAD for a pending token of either folder are answered, all else is not", () => {
  const [a, b] = [Deno.makeTempDirSync(), Deno.makeTempDirSync()];
  try {
    const print = "t".repeat(43);
    Deno.writeTextFileSync(`${a}/one.token`, `one.${print}`);
    Deno.writeTextFileSync(`${b}/two.token`, `two.${print}`);
    const tokens = PendingTokens.in(a, null, b)!;
    const path = "/.well-known/acme-challenge/";
    const rows: readonly (readonly [line: string, answer: string | null])[] = [
      [`GET ${path}one`, `one.${print}`],
      [`HEAD ${path}one`, `one.${print}`],
      [`GET ${path}one?a=b`, null],
      [`GET http://a.example${path}two`, `two.${print}`],
      [`POST ${path}one`, null],
      [`GET ${path}three`, null],
      [`GET ${path}`, null],
      [`GET ${path}one/`, null],
      [`GET ${path}../one`, null],
      [`GET /x${path}one`, null],
      ["GET /", null],
      ["OPTIONS *", null],
    ];
    for (const [line, answer] of rows) assertEquals(tokens.find(headOf(line)), answer, line);
  } finally {
    for (const folder of [a, b]) Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("without a folder there are no tokens", () => {
  assertEquals(PendingTokens.in(null, null), null);
});

/** A recognised head must have the same result as a parsed one. */
import { assert, assertEquals } from "@std/assert";
import { latin1Bytes, RequestHead } from "../../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead, RequestParser } from "../../../mod/http1/mod.ts";
import { factsOf } from "./head_facts.ts";
import { Random } from "../../fuzz/random.ts";
import { requestRows } from "../../vectors/http1/request_rows.ts";

const plain = "GET /a?b HTTP/1.1\r\nHost: example\r\nX-Number: 1\r\n\r\n";

/** A parser and a buffer, each `parse` of which is compared with a parse from scratch. */
class Twin {
  readonly buffer = new Uint8Array(16384);
  readonly parser = new RequestParser(defaultLimits);

  /** The result for `text` at `at`, followed by `following`. */
  parse(text: string, at: number, following = "", buffer = this.buffer): number {
    const bytes = latin1Bytes(text + following);
    buffer.set(bytes, at);
    const end = at + bytes.length;
    const fresh = new RequestHead();
    const expected = parseRequestHead(fresh, buffer, at, end, defaultLimits, at);
    const result = this.parser.parse(buffer, at, end, at);
    assertEquals(result, expected, JSON.stringify(text));
    if (result <= 0) return result;
    assertEquals(factsOf(this.parser.head), factsOf(fresh), JSON.stringify(text));
    assert(this.parser.head.bytes === buffer);
    return result;
  }
}

Deno.test("the same head again, at the same place, elsewhere, and with more after it", () => {
  const twin = new Twin();
  for (const at of [0, 0, 2048, 4096, 2048, 3, 5, 0]) twin.parse(plain, at);
  twin.parse(plain, 2048, "GET /next HTTP/1.1\r\n");
  twin.parse(plain, 4096, plain);
});

Deno.test("a head that differs in any one byte is parsed again", () => {
  const bytes = [...plain];
  for (let i = 0; i < bytes.length; i++) {
    const twin = new Twin();
    twin.parse(plain, 0);
    twin.parse(bytes.with(i, "~").join(""), 2048);
    twin.parse(plain, 4096);
  }
});

Deno.test("a part of the known head is partial", () => {
  for (let length = 1; length < plain.length; length++) {
    const twin = new Twin();
    twin.parse(plain, 0);
    // Old bytes after the partial head must not be taken for the rest of it.
    twin.buffer.set(latin1Bytes(plain), 2048);
    assertEquals(twin.parse(plain.slice(0, length), 2048), 0);
    twin.parse(plain, 2048);
  }
});

Deno.test("the same head in another buffer is parsed again", () => {
  const twin = new Twin();
  const other = new Uint8Array(16384);
  const odd = new Uint8Array(new ArrayBuffer(16385), 1);
  twin.parse(plain, 0);
  for (const buffer of [other, twin.buffer, odd, odd, other, other]) {
    twin.parse(plain, 2048, "", buffer);
  }
});

Deno.test("a fault, or a head too long to remember, leaves no state", () => {
  const twin = new Twin();
  const long = `GET /${"x".repeat(4000)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  for (const text of [plain, "GET\r\n\r\n", plain, long, long, plain]) twin.parse(text, 0);
});

Deno.test("a head overwritten by another parse is parsed again", () => {
  const twin = new Twin();
  twin.parse(plain, 0);
  const { head } = twin.parser;
  const other = latin1Bytes("POST /other HTTP/1.0\r\n\r\n");
  parseRequestHead(head, other, 0, other.length, defaultLimits, 0);
  twin.parse(plain, 0);
  assertEquals(head.methodText(), "GET");
});

Deno.test("the revision shows whether a head is the previous one", () => {
  const twin = new Twin();
  const revisions = [plain, plain, plain.replace("1", "2"), plain].map((text) => {
    twin.parse(text, 0);
    return twin.parser.head.revision;
  });
  assertEquals(new Set(revisions.slice(0, 2)).size, 1);
  assertEquals(new Set(revisions).size, 3);
});

Deno.test("heads of all rows, repeated at random, parse as if each were the first", () => {
  const random = new Random(Random.freshSeed());
  const heads = requestRows.map((row) => row.bytes.slice(0, 6000));
  try {
    const twin = new Twin();
    let head = random.pick(heads);
    for (let i = 0; i < 20_000; i++) {
      if (random.oneIn(3)) head = random.pick(heads);
      const at = random.oneIn(4) ? random.below(64) : 2048 * random.below(3);
      twin.parse(head, at, random.oneIn(2) ? "" : "more");
    }
  } catch (error) {
    throw new Error(`seed ${random.seed}`, { cause: error });
  }
});

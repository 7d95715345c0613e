/** A recognised response head must have the same result as a parsed one. */
import { assertEquals } from "@std/assert";
import { latin1Bytes, Method, ResponseHead } from "../../../mod/http/mod.ts";
import { defaultLimits, parseResponseHead, ResponseParser } from "../../../mod/http1/mod.ts";
import { factsOf } from "./head_facts.ts";
import { Random } from "../../fuzz/random.ts";
import { responseRows } from "../../vectors/http1/response_rows.ts";

const plain = "HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 22:00:00 GMT\r\nContent-Length: 5\r\n\r\n";
const buffer = new Uint8Array(16384);

/** Parses with `parser` and from scratch, and compares. */
function check(parser: ResponseParser, text: string, at: number, method: Method): void {
  const bytes = latin1Bytes(text);
  buffer.set(bytes, at);
  const end = at + bytes.length;
  const fresh = new ResponseHead();
  const expected = parseResponseHead(fresh, buffer, at, end, defaultLimits, at, method);
  assertEquals(parser.parse(buffer, at, end, at, method), expected, JSON.stringify(text));
  if (expected > 0) assertEquals(factsOf(parser.head), factsOf(fresh), JSON.stringify(text));
}

Deno.test("the same response to HEAD and to GET has different framing", () => {
  const parser = new ResponseParser(defaultLimits);
  for (const method of [Method.get, Method.get, Method.head, Method.head, Method.get]) {
    check(parser, plain, 2048, method);
  }
});

Deno.test("a head with another Date is parsed again", () => {
  const parser = new ResponseParser(defaultLimits);
  for (const second of ["00", "00", "01", "01", "00"]) {
    check(parser, plain.replace("22:00:00", `22:00:${second}`), 0, Method.get);
  }
});

Deno.test("heads of all rows, repeated at random, parse as if each were the first", () => {
  const random = new Random(Random.freshSeed());
  const rows = responseRows.filter(({ bytes }) => bytes.length < 6000);
  const parser = new ResponseParser(defaultLimits);
  try {
    let row = random.pick(rows);
    let method: Method = Method.get;
    for (let i = 0; i < 20_000; i++) {
      if (random.oneIn(3)) row = random.pick(rows);
      if (random.oneIn(5)) method = random.pick([Method.get, Method.head, Method.connect]);
      check(parser, row.bytes, random.oneIn(4) ? random.below(64) : 2048 * random.below(3), method);
    }
  } catch (error) {
    throw new Error(`seed ${random.seed}`, { cause: error });
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { latin1Bytes, RequestHead } from "../../../../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead } from "../../../../../mod/http1/mod.ts";
import { SpecialFields } from "../../../../../mod/proxy/engine/fields/special_fields.ts";

Deno.test("SpecialFields recognises its names in any case, and no others", () => {
  const fields = new SpecialFields<number>([["via", 1], ["server", 2]], 0);
  const text =
    "GET / HTTP/1.1\r\nHost: a\r\nVIA: x\r\nSerVer: y\r\nvie: z\r\na-longer-name: q\r\n\r\n";
  const bytes = latin1Bytes(text);
  const head = new RequestHead();
  parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0);
  assertEquals([0, 1, 2, 3, 4].map((index) => fields.of(head, index)), [0, 1, 2, 0, 0]);
});

Deno.test("SpecialFields recognises names that an application may read as one of them", () => {
  const fields = new SpecialFields<number>([["x-forwarded-for", 1], ["via", 2]], 0, 9);
  const names = ["X-Forwarded-For", "X_Forwarded_For", "x.forwarded-FOR", "X-Forwarded-Fox", "Vi_"];
  const lines = names.map((name) => `${name}: x\r\n`).join("");
  const bytes = latin1Bytes(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
  const head = new RequestHead();
  parseRequestHead(head, bytes, 0, bytes.length, defaultLimits, 0);
  assertEquals([1, 2, 3, 4, 5].map((index) => fields.of(head, index)), [1, 9, 9, 0, 0]);
});

Deno.test("SpecialFields refuses two names with the same length and first letter", () => {
  assertThrows(() => new SpecialFields<number>([["via", 1], ["vex", 2]], 0), RangeError);
});

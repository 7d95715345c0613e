/** Kept texts are written like the same texts as strings, escapes included. */
import { assertEquals } from "@std/assert";
import { type Escape, KeptText, LineBuffer, TextKeeper } from "../../../mod/log/mod.ts";
import { latin1, latin1Bytes } from "../../../mod/http/mod.ts";
import { Random } from "../../fuzz/random.ts";

const escapes: readonly Escape[] = ["apache", "json"];

function keep(keeper: TextKeeper, text: string, before = ""): KeptText {
  const bytes = latin1Bytes(`${before}${text}~`);
  const kept = new KeptText(keeper);
  const view = new DataView(bytes.buffer);
  keeper.keep(kept, view, before.length, before.length + text.length);
  return kept;
}

/** What both ways of writing the text leave in a line. */
function lines(text: string, kept: KeptText, escape: Escape): [string, string] {
  const [asString, asBytes] = [new LineBuffer(1), new LineBuffer(1)];
  for (const out of [asString, asBytes]) out.ascii("<");
  asString.escaped(text, escape);
  asBytes.escapedText(kept, escape);
  for (const out of [asString, asBytes]) out.ascii(">");
  return [asString, asBytes].map(({ bytes, length }) => latin1(bytes, 0, length)) as [
    string,
    string,
  ];
}

Deno.test("a kept text is escaped as its string is, for each byte at each place of a word", () => {
  for (const escape of escapes) {
    for (let byte = 0; byte < 256; byte++) {
      for (let place = 0; place < 5; place++) {
        const text = `${"a".repeat(place)}${String.fromCharCode(byte)}${"z".repeat(6)}`;
        const [expected, found] = lines(text, keep(new TextKeeper(), text), escape);
        assertEquals(found, expected);
      }
    }
  }
});

Deno.test("a plain text is whole whatever bytes follow it: eight with them may be a NaN", () => {
  for (let length = 1; length < 24; length++) {
    const keeper = new TextKeeper();
    const text = "a".repeat(length);
    const kept = keep(keeper, text);
    keep(keeper, "\xff".repeat(12));
    const [expected, found] = lines(text, kept, "json");
    assertEquals([found, kept.isPlain], [expected, true]);
  }
});

Deno.test("random texts are kept apart, whatever was kept before", () => {
  const random = new Random(0x6b657074);
  const keeper = new TextKeeper();
  for (let round = 0; round < 300; round++) {
    keeper.clear();
    const texts = Array.from({ length: 4 }, () => {
      const length = random.below(random.oneIn(20) ? 3000 : 60);
      const codes = Array.from({ length }, () => random.below(random.oneIn(3) ? 256 : 128));
      return String.fromCharCode(...codes);
    });
    const kept = texts.map((text) => keep(keeper, text, "x".repeat(random.below(5))));
    for (const [index, text] of texts.entries()) {
      const escape = random.pick(escapes);
      const [expected, found] = lines(text, kept[index], escape);
      assertEquals(found, expected);
      assertEquals(kept[index].find(0x3f) - kept[index].start, indexFrom(text, kept[index]));
    }
  }
});

/** `find` returns an offset of the keeper, or -1. */
function indexFrom(text: string, { start }: KeptText): number {
  const at = text.indexOf("?");
  return at < 0 ? -1 - start : at;
}

Deno.test("a long text does not keep its space", () => {
  const keeper = new TextKeeper();
  const usual = keeper.bytes.length;
  keep(keeper, "x".repeat(60_000));
  keeper.clear();
  assertEquals(keeper.bytes.length, usual);
});

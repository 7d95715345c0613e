import { assertEquals } from "@std/assert";
import { readPlaceholders, TemplateFault } from "../../../../mod/load/request/placeholders.ts";

Deno.test("readPlaceholders() finds what is between the text, and braces that are written twice", () => {
  const rand = (low: number, high: number, width = 0) => ({ kind: "rand", low, high, width });
  for (
    const [text, parts] of [
      ["", []],
      ["/plain?a=1", ["/plain?a=1"]],
      ["/{rand:1:100}/x", ["/", rand(1, 100), "/x"]],
      ["{rand:0001:100}{rand:0:0}", [rand(1, 100, 4), rand(0, 0)]],
      ["{seq:1}", [{ kind: "seq", start: 1, width: 0 }]],
      ["{seq:007}", [{ kind: "seq", start: 7, width: 3 }]],
      ["{line:/a b:c/d.txt}", [{ kind: "line", path: "/a b:c/d.txt" }]],
      ['{{"id": {uuid}}', ['{"id": ', { kind: "uuid" }, "}"]],
      ['{{"a":{{}}', ['{"a":{}}']],
      ["{{{uuid}", ["{", { kind: "uuid" }]],
      ["}", ["}"]],
    ] as const
  ) {
    assertEquals(readPlaceholders(text), parts as unknown as string[], text);
  }
});

Deno.test("readPlaceholders() says where a placeholder is wrong, and what is meant or allowed", () => {
  for (
    const [text, offset, what] of [
      ["/a/{rnd:1:5}", 3, "{rnd:1:5} is no placeholder: did you mean rand?"],
      ["{sequence:1}", 0, "{sequence:1} is no placeholder: There are {rand:LOW:HIGH}"],
      ['{"id": 1}', 0, '{"id": 1} is no placeholder: There are'],
      ["{uuid}{", 6, "{ has no } after it; {{ is a brace"],
      ["{rand:5}", 0, "rand needs two numbers, each a whole number from 0 to 9007199254740991"],
      ["{rand:1:2:3}", 0, "rand needs two numbers"],
      ["{rand:-1:2}", 0, "rand needs two numbers"],
      ["{rand:1:9007199254740992}", 0, "rand needs two numbers"],
      ["{rand:7:3}", 0, "rand: 7 is greater than 3"],
      ["{seq}", 0, "seq needs a whole number from 0 to"],
      ["{seq:a}", 0, "seq needs"],
      ["{line:}", 0, "line needs a file: {line:FILE}"],
      ["{line}", 0, "line needs a file: {line:FILE}"],
      ["{uuid:4}", 0, "uuid takes nothing: {uuid}"],
      ["{}", 0, "{} is no placeholder"],
    ] as const
  ) {
    const fault = readPlaceholders(text) as TemplateFault;
    assertEquals(fault instanceof TemplateFault, true, text);
    assertEquals([fault.offset, fault.what.slice(0, what.length)], [offset, what]);
  }
});

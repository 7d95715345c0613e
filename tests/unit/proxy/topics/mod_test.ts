import { assert, assertEquals } from "@std/assert";
import { directiveTable } from "../../../../mod/proxy/directives/table.ts";
import { directivesText } from "../../../../mod/proxy/topics/directives.ts";
import { proxyTopics } from "../../../../mod/proxy/topics/mod.ts";

Deno.test("help proxy directives names every directive of the table", () => {
  const words = new Set(directivesText.split(/[\s,]+/));
  const missing = [...directiveTable.keys()].filter((name) => !words.has(name));
  // Known only so that they are refused by name.
  assertEquals(missing, []);
});

Deno.test("help proxy topics stay within 84 columns", () => {
  for (const topic of proxyTopics) {
    for (const line of topic.text.split("\n")) assert(line.length <= 84, `${topic.name}: ${line}`);
  }
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseTemplateTarget } from "../../../../mod/load/plan/template_target.ts";
import type { Target } from "../../../../mod/load/plan/target.ts";

Deno.test("parseTemplateTarget() keeps the placeholders of the path as they are spelled", () => {
  for (
    const [text, host, path] of [
      ["http://h/{rand:1:5}?q={seq:1}", "h", "/{rand:1:5}?q={seq:1}"],
      ["http://h/{line:/a#b?c/d:e@f}#x", "h", "/{line:/a#b?c/d:e@f}"],
      ["h/{{0}/{uuid}", "h", "/{{0}/{uuid}"],
      ["http://h", "h", "/"],
      ["http://h?{uuid}", "h", "/?{uuid}"],
      ["http://unix:/s.sock:/{uuid}", "localhost", "/{uuid}"],
    ]
  ) {
    const target = parseTemplateTarget(text) as Target;
    assertEquals([target.text, target.host, target.path], [text, host, path]);
  }
});

Deno.test("parseTemplateTarget() says in which column it cannot read a URL", () => {
  for (
    const [text, fault] of [
      ["http://h/{rnd:1:5}", "column 10: {rnd:1:5} is no placeholder: did you mean rand?"],
      ["http://h/{uuid", "column 10: { has no } after it"],
      ["http://h{seq:1}/", "column 9: a placeholder can stand in the path and the query only"],
      ["http://{seq:1}:80/", "column 8: a placeholder can stand"],
      ["http://u{uuid}@h/{uuid}", "column 9: a placeholder can stand"],
      ["http://unix:/s{uuid}:/{uuid}", "column 15: a placeholder can stand"],
      ["ftp://h/{uuid}", "scheme ftp"],
    ]
  ) {
    assertStringIncludes(parseTemplateTarget(text) as string, fault);
  }
});

import { assertEquals } from "@std/assert";
import { explainLoadFailure } from "../../../mod/script/explain.ts";

const wayOut = "a name that is put together at run time is not looked up in node_modules; " +
  "write it as a literal";

Deno.test("explainLoadFailure() names the import and says what to do", () => {
  const rows = [
    [`Import "hono" not a dependency`, `"hono"`],
    [`Could not find constraint 'hono@4' in the list of packages.`, `"npm:hono@4"`],
    [`Module not found: jsr:@std/yaml`, `"jsr:@std/yaml"`],
    [`Module not found: https://example.com/x.js`, `"https://example.com/x.js"`],
  ];
  for (const [message, name] of rows) {
    const line = explainLoadFailure("a.js", new TypeError(message));
    assertEquals(line, `a.js: cannot import ${name}: ${wayOut}`);
  }
});

Deno.test("explainLoadFailure() names a missing file", () => {
  const error = new TypeError(`Module not found "file:///x/b%20c.js".`);
  assertEquals(explainLoadFailure("a.js", error), "a.js: imports /x/b c.js, which does not exist");
});

import { assertEquals } from "@std/assert";
import { unusedImports } from "../../../../scripts/checks/import_map.ts";

Deno.test("unusedImports() names what no module imports", () => {
  const denoJson = `{
    // A comment about "a": "npm:no".
    "imports": {
      "a": "npm:a@1.0.0",
      "a/part": "npm:a@1.0.0/part.js",
      "b": "npm:b@1.0.0"
    },
    "version": "0.1.0"
  }`;
  assertEquals(unusedImports(denoJson, ['import x from "a";', 'import { y } from "b";']), [
    "deno.json: nothing imports a/part: remove it from the import map",
  ]);
  assertEquals(unusedImports(denoJson, ['import a from "a";', 'export * from "b";']).length, 1);
});

import { assert, assertEquals } from "@std/assert";
import { missingModules } from "../../../scripts/missing_modules.ts";
import { tempFolder } from "../../support/ports.ts";

Deno.test("missingModules() finds a missing module of an import()", async () => {
  await using folder = await tempFolder();
  await folder.write("deno.json", "{}");
  await folder.write("main.ts", 'export const mode = () => import("./mod/mode.ts");\n');
  await folder.write("mod/mode.ts", 'import { x } from "./gone.ts";\nexport const y = x;\n');
  const found = await missingModules(folder.path);
  assertEquals(found.length, 1);
  assert(found[0].includes("mod/gone.ts"), found[0]);
});

Deno.test("missingModules() finds nothing if every module exists", async () => {
  await using folder = await tempFolder();
  await folder.write("deno.json", "{}");
  await folder.write("main.ts", 'export const mode = () => import("./mod/mode.ts");\n');
  await folder.write("mod/mode.ts", "export const y = 1;\n");
  assertEquals(await missingModules(folder.path), []);
});

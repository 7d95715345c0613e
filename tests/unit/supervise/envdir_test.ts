import { assertEquals } from "@std/assert";
import { readEnvdir } from "../../../mod/supervise/envdir.ts";
import { tempFolder } from "../../support/ports.ts";

Deno.test("readEnvdir() takes first lines, and passes over dot files, empty files and folders", async () => {
  await using folder = await tempFolder();
  await folder.write("A", "one\ntwo\n");
  await folder.write("B", "\nsecond");
  await folder.write("C", "no line feed");
  await folder.write(".D", "x");
  await folder.write("E", "");
  await folder.write("F/G", "x");
  await folder.write("H", "cut\0off\n");
  assertEquals(readEnvdir(folder.path), { A: "one", B: "", C: "no line feed", H: "cut" });
  assertEquals(readEnvdir(`${folder.path}/missing`), {});
});

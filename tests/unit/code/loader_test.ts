/** The loader of the program's own code. */
import { assertEquals, assertThrows } from "@std/assert";
import { encodePack, PackReader } from "../../../mod/code/code_pack.ts";
import { Loader } from "../../../mod/code/loader.ts";
import { insertInto } from "../../../scripts/packing/insert.ts";
import { packChunks } from "../../../scripts/packing/pack_chunks.ts";
import { elfOf } from "../../support/elf.ts";
import { tempFolder } from "../../support/ports.ts";

const chunks = new Map(
  Object.entries({
    "main.js": `const{base}=__require("base.js");return{base,late:()=>__load("late.js")}`,
    "base.js": `return{base:"base"}`,
    "late.js": `return{late:__require("deep.js").deep+__require("alone.js").alone}`,
    "deep.js": `return{deep:__require("base.js").base+" deep "}`,
    "alone.js": `return{alone:"alone"}`,
  }).map(([name, body]) => [name, `"${name}":function(__require,__load,__url){${body}}`]),
);
const groups = new Map([
  ["serve", { names: ["base.js", "main.js"], cache: null }],
  ["late.js", { names: ["deep.js", "late.js"], cache: null }],
]);

Deno.test("a group is loaded at once, a part with its import(), and another chunk by itself", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("program", "");
  const pack = encodePack(packChunks(chunks, groups));
  await Deno.writeFile(path, insertInto(elfOf(100, new Uint8Array(9)), [pack]));
  using reader = PackReader.open(path)!;
  const seen: string[] = [];
  const loader = new Loader(reader, "file:///program/", {
    onGroup: (key) => seen.push(`group ${key}`),
    onChunk: (name) => seen.push(name),
  });
  assertEquals([...loader.loadGroup("serve")].sort(), ["base.js", "main.js"]);
  const { base, late } = loader.require("main.js") as {
    base: string;
    late(): Promise<{ late: string }>;
  };
  assertEquals(base, "base");
  assertEquals(seen.splice(0), ["group serve", "base.js", "main.js"]);
  assertEquals((await late()).late, "base deep alone");
  await late();
  assertEquals(seen, ["group late.js", "deep.js", "alone.js", "late.js"]);
  assertThrows(() => loader.require("toString"), Error, "no module toString");
});

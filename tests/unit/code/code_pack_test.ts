/** Code in an executable. */
import { assertEquals } from "@std/assert";
import { codeEnd, encodePack, PackReader } from "../../../mod/code/code_pack.ts";
import { insertInto } from "../../../scripts/packing/insert.ts";
import { sha256Hex } from "../../../scripts/build_inputs.ts";
import { packChunks } from "../../../scripts/packing/pack_chunks.ts";
import { withoutCaches } from "../../../scripts/packing/without_caches.ts";
import { elfOf } from "../../support/elf.ts";
import { tempFolder } from "../../support/ports.ts";

const chunks = new Map(
  ["a", "b", "c", "d"].map((name) => [`${name}.js`, `"${name}.js":function(){return "${name}"}`]),
);
const groups = new Map([
  ["serve", { names: ["a.js", "b.js", "d.js"], cache: Uint8Array.of(1, 2, 3) }],
  ["proxy", { names: ["b.js", "c.js"], cache: null }],
]);

async function packed(folder: Awaited<ReturnType<typeof tempFolder>>): Promise<string> {
  const path = await folder.write("program", "");
  const pack = encodePack(packChunks(chunks, groups));
  const payload = new TextEncoder().encode("attached and payload");
  await Deno.writeFile(path, insertInto(elfOf(100, payload), [pack]));
  return path;
}

Deno.test("a role finds its chunks and its cache", async () => {
  await using folder = await tempFolder();
  using pack = PackReader.open(await packed(folder))!;
  for (const [role, { names, cache }] of groups) {
    const place = pack.groups[role];
    const found = (0, eval)(pack.script(place.texts));
    assertEquals(Object.keys(found).sort(), names);
    for (const name of names) assertEquals(`${found[name]()}.js`, name);
    assertEquals(place.cache && pack.bytes(place.cache), cache);
  }
  assertEquals(pack.groups.proxy.texts.length, 1, "its chunks lie side by side");
});

Deno.test("each chunk is there by itself", async () => {
  await using folder = await tempFolder();
  using pack = PackReader.open(await packed(folder))!;
  for (const name of chunks.keys()) {
    const found = (0, eval)(pack.scriptOfChunk(name)!);
    assertEquals(Object.keys(found), [name]);
  }
  assertEquals(pack.scriptOfChunk("none.js"), null);
  assertEquals(pack.scriptOfChunk("toString"), null);
});

Deno.test("what is attached begins behind the code, or behind a runtime without it", async () => {
  await using folder = await tempFolder();
  const path = await packed(folder);
  using file = Deno.openSync(path);
  const size = file.statSync().size;
  assertEquals(codeEnd(file), size - "attached and payload".length);
  using pack = PackReader.open(path)!;
  const text = new TextDecoder().decode(pack.bytesBehind(8));
  assertEquals(text, "attached");
  const bare = await folder.write("bare", "");
  await Deno.writeFile(bare, elfOf(100, new Uint8Array(50)));
  using other = Deno.openSync(bare);
  assertEquals(codeEnd(other), 100);
  assertEquals(PackReader.open(bare), null);
});

Deno.test("two builds are compared without V8's caches", async () => {
  await using folder = await tempFolder();
  const path = await packed(folder);
  const [one, other] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6, 7)];
  const digests: string[] = [];
  for (const [cache, text] of [[one, "A"], [other, "A"], [other, "B"]] as const) {
    const changed = new Map([...chunks, ["a.js", `"a.js":function(){return "${text}"}`]]);
    const cached = new Map([["serve", { names: ["a.js", "b.js"], cache }]]);
    const pack = encodePack(packChunks(changed, cached));
    await Deno.writeFile(path, insertInto(elfOf(100, new Uint8Array(50)), [pack]));
    digests.push(await sha256Hex(await withoutCaches(path)));
  }
  assertEquals(digests[0] === digests[1], true, "other caches");
  assertEquals(digests[1] === digests[2], false, "other code");
});

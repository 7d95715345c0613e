import { assert, assertEquals } from "@std/assert";
import { renderBill } from "../../../../scripts/releasing/bill_of_materials.ts";
import { root } from "../../../support/binary.ts";

async function bill() {
  const lock = await Deno.readTextFile(`${root}/deno.lock`);
  const text = renderBill({
    version: "1.2.3",
    date: new Date(0),
    commit: "abc",
    lock,
    denoVersion: "2.7.11",
    v8Version: "14.7",
    binaries: { "hayate-1.2.3-linux-x86_64": "00ff" },
  });
  return { text, document: JSON.parse(text), lock: JSON.parse(lock) };
}

Deno.test("renderBill() lists the runtime, esbuild, OpenSSL and every package of deno.lock", async () => {
  const { document, lock } = await bill();
  assertEquals([document.bomFormat, document.specVersion], ["CycloneDX", "1.5"]);
  const names: string[] = document.components.map((each: { name: string }) => each.name);
  for (const name of ["deno", "v8", "esbuild", "openssl"]) assert(names.includes(name), name);
  assertEquals(names.length, 5 + Object.keys(lock.npm).length);
  for (const component of document.components) {
    if (component.purl?.startsWith("pkg:npm/") !== true) continue;
    assert(/^[0-9a-f]{128}$/.test(component.hashes[0].content), component.name);
    assert(/^\d+\.\d+\.\d+/.test(component.version), component.name);
  }
});

Deno.test("renderBill() has no loose end: each reference names a part", async () => {
  const { document } = await bill();
  const parts = new Set(
    [document.metadata.component, ...document.components].map((each) => each["bom-ref"]),
  );
  for (const { ref, dependsOn } of document.dependencies) {
    for (const each of [ref, ...dependsOn]) assert(parts.has(each), each);
  }
  const [own] = document.dependencies;
  for (const name of ["deno-std@1.4.0", "yaml@2.8.1", "openssl@3"]) {
    assert(own.dependsOn.includes(name), name);
  }
});

Deno.test("renderBill() of one commit is always the same", async () => {
  assertEquals((await bill()).text, (await bill()).text);
});

/** Files of the cache. */
import { assertEquals } from "@std/assert";
import { readCacheFile, writeCacheFile } from "../../../../mod/script/cache/cache_file.ts";
import { tempFolder } from "../../../support/ports.ts";

const file = { header: `{"a":1}`, body: new TextEncoder().encode("let a;\nlet b;\n") };

Deno.test("a file is read as it was written, in place of an older one", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/app`;
  assertEquals(readCacheFile(path), null);
  writeCacheFile(path, { header: "{}", body: new Uint8Array(9) });
  writeCacheFile(path, file);
  assertEquals(readCacheFile(path), file);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["app"]);
});

Deno.test("a file that is cut, or has another byte anywhere, counts as missing", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/app`;
  writeCacheFile(path, file);
  const whole = await Deno.readFile(path);
  for (const at of whole.keys()) {
    const changed = whole.slice();
    changed[at] ^= 1;
    await Deno.writeFile(path, changed);
    assertEquals(readCacheFile(path), null, `byte ${at}`);
    await Deno.writeFile(path, whole.subarray(0, at));
    assertEquals(readCacheFile(path), null, `${at} bytes`);
  }
});

Deno.test("a file that others may write counts as missing", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/app`;
  writeCacheFile(path, file);
  await Deno.chmod(path, 0o620);
  assertEquals(readCacheFile(path), null);
});

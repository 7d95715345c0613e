/** esbuild in the user's cache. */
import { assertEquals } from "@std/assert";
import { tempFolder } from "../../support/ports.ts";
import { startServe } from "../../support/serve.ts";

Deno.test("esbuild is kept in the cache, and run from there only while it is ours alone", async () => {
  await using cache = await tempFolder();
  const folder = `${cache.path}/hayate/programs`;
  const env = { XDG_CACHE_HOME: cache.path };
  const serve = async (text: string) => {
    await using served = await startServe({
      args: ["@app.ts"],
      files: {
        "node_modules/a/package.json": `{"type":"module","main":"main.js"}`,
        "node_modules/a/main.js": `export const text = "${text}";`,
        "app.ts": `import { text } from "a"; export default { fetch: () => new Response(text) };`,
      },
      env,
    });
    return await (await fetch(served.url)).text();
  };
  assertEquals(await serve("first"), "first");
  const [{ name }] = [...Deno.readDirSync(folder)];
  const path = `${folder}/${name}`;
  const kept = await Deno.stat(path);
  assertEquals((kept.mode ?? 0) & 0o777, 0o700);
  // It is used again: not written again.
  assertEquals(await serve("second"), "second");
  assertEquals((await Deno.stat(path)).ino, kept.ino);
  // Somebody else could have changed it.
  await Deno.writeTextFile(path, "#!/bin/sh\nexit 1\n");
  await Deno.chmod(path, 0o777);
  // A start that was killed while it copied.
  await Deno.writeTextFile(`${path}.new-1`, "half");
  assertEquals(await serve("third"), "third");
  assertEquals((await Deno.stat(path)).size, kept.size);
  assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), [name]);
});

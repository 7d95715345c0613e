/** Whether what an app was linked from is still the same. */
import { assertEquals } from "@std/assert";
import { areUnchanged, SourceRecorder } from "../../../../mod/script/cache/sources.ts";
import { tempFolder } from "../../../support/ports.ts";

Deno.test("a source is changed by another text, and a missing one by appearing", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("a.ts", "one");
  const absent = `${folder.path}/deno.json`;
  const below = `${absent}/node_modules`;
  const recorder = new SourceRecorder();
  assertEquals(recorder.read(path), "one");
  assertEquals(recorder.read(absent), null);
  recorder.note([absent, below, path]);
  const sources = await recorder.sources();
  assertEquals(sources.map((each) => each.path), [path, absent, below]);
  assertEquals(await areUnchanged(sources), true);
  await folder.write("a.ts", "two");
  assertEquals(await areUnchanged(sources), false);
  await folder.write("a.ts", "one");
  assertEquals(await areUnchanged(sources), true, "the text that was linked");
  await Deno.mkdir(absent);
  assertEquals(await areUnchanged(sources), false);
  await Deno.remove(absent);
  await folder.write("deno.json", "{}");
  assertEquals(await areUnchanged(sources), false);
});

Deno.test("a folder is changed by another name in it", async () => {
  await using folder = await tempFolder();
  await folder.write("a.ts", "");
  const recorder = new SourceRecorder();
  recorder.note([folder.path]);
  const sources = await recorder.sources();
  assertEquals(await areUnchanged(sources), true);
  const added = await folder.write("b.ts", "");
  assertEquals(await areUnchanged(sources), false);
  await Deno.remove(added);
  assertEquals(await areUnchanged(sources), true);
});

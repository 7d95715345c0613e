import { assertEquals } from "@std/assert";
import { changedText, filesNow, FileWatch } from "../../../../mod/process/files/file_watch.ts";
import { readWatchField, watchField } from "../../../../mod/process/handover/watch_field.ts";
import { sleep } from "../../../support/child.ts";
import { type TempFolder, tempFolder } from "../../../support/ports.ts";

const everyMs = 10;

/** What happened until the watch has been told of something, or long after the files were quiet. */
async function changesOf(
  paths: readonly string[],
  act: (watch: FileWatch) => Promise<void>,
): Promise<string[]> {
  const changes: string[] = [];
  const watch = new FileWatch((changed) => void changes.push(...changed), everyMs);
  try {
    watch.set(filesNow(paths));
    await act(watch);
    for (let polls = 0; polls < 100 && changes.length === 0; polls++) await sleep(everyMs);
    await sleep(10 * everyMs);
    return changes;
  } finally {
    watch.close();
  }
}

const cases: Record<string, (folder: TempFolder, path: string) => Promise<void>> = {
  "is written in place": async (_, path) => await Deno.writeTextFile(path, "longer text"),
  "is replaced by a rename": async (folder, path) => {
    await Deno.rename(await folder.write("other", "first"), path);
  },
  "is removed": async (_, path) => await Deno.remove(path),
  "gets other permissions": async (_, path) => await Deno.chmod(path, 0o600),
};

for (const [name, act] of Object.entries(cases)) {
  Deno.test(`FileWatch tells once that a file ${name}`, async () => {
    await using folder = await tempFolder();
    const path = await folder.write("a.conf", "first");
    // ctime has whole seconds: a change of permissions alone within one is not seen.
    if (name.includes("permissions")) await sleep(1100);
    assertEquals(await changesOf([path], () => act(folder, path)), [path]);
  });
}

Deno.test("FileWatch follows the links of a Kubernetes ConfigMap", async () => {
  await using folder = await tempFolder();
  await folder.write("v1/a.conf", "one");
  await folder.write("v2/a.conf", "two");
  await Deno.symlink("v1", `${folder.path}/..data`);
  const path = `${folder.path}/a.conf`;
  await Deno.symlink("..data/a.conf", path);
  const changes = await changesOf([path], async () => {
    await Deno.symlink("v2", `${folder.path}/..tmp`);
    await Deno.rename(`${folder.path}/..tmp`, `${folder.path}/..data`);
  });
  assertEquals(changes, [path]);
});

Deno.test("FileWatch tells nothing while nothing changes, and nothing of other files", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("a", "x");
  assertEquals(await changesOf([path], async () => void await folder.write("b", "y")), []);
});

Deno.test("FileWatch sees a change between the read and its start", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("a", "x");
  const files = filesNow([path]);
  await folder.write("a", "changed since");
  assertEquals(await changesOf([], (watch) => Promise.resolve(watch.set(files))), [path]);
});

Deno.test("FileWatch sees a missing file appear", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/later`;
  assertEquals(await changesOf([path], async () => void await folder.write("later", "x")), [path]);
});

Deno.test("changedText() names the first file", () => {
  assertEquals(changedText(["/a"]), "/a changed");
  assertEquals(changedText(["/a", "/b"]), "/a and 1 more file changed");
  assertEquals(changedText(["/a", "/b", "/c"]), "/a and 2 more files changed");
});

Deno.test("watchField() survives any path, and stays within a datagram", () => {
  const files = [{ path: '/a "quoted"\nname', stamp: "1" }, { path: "/b", stamp: "NotFound" }];
  assertEquals(readWatchField(["READY=1", watchField(files)]), files);
  const many = Array.from(
    { length: 2000 },
    (_, i) => ({ path: `/${"x".repeat(200)}${i}`, stamp: "1" }),
  );
  const field = watchField(many);
  assertEquals(field.length < 131_072, true);
  const kept = readWatchField([field]);
  assertEquals(kept, many.slice(0, kept.length));
  for (
    const line of ["X_HAYATE_FILES=", "X_HAYATE_FILES=[1]", 'X_HAYATE_FILES={"a":1}', "READY=1"]
  ) {
    assertEquals(readWatchField([line]), [], line);
  }
});

import { assertEquals } from "@std/assert";
import { folderCycles } from "../../../../scripts/checks/folder_cycles.ts";

/** Findings for a tree of `path: text`. */
async function findingsIn(files: Record<string, string>): Promise<string[]> {
  const root = await Deno.makeTempDir({ prefix: "hayate-cycles-" });
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${root}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
      await Deno.writeTextFile(`${root}/${path}`, text);
    }
    return await folderCycles(root, "mod");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("folderCycles() accepts imports in one direction, and within a folder", async () => {
  const findings = await findingsIn({
    "mod/a/x.ts": `import { y } from "../b/y.ts";\nimport { z } from "./z.ts";`,
    "mod/a/z.ts": `import { x } from "./x.ts";`,
    "mod/b/y.ts": `import { w } from "../../scripts/w.ts";`,
    "mod/b/note.md": `import { x } from "../a/x.ts";`,
  });
  assertEquals(findings, []);
});

Deno.test("folderCycles() reports each cycle once, with the files that import", async () => {
  const findings = await findingsIn({
    "mod/a/x.ts": `import type { Y } from "../b/y.ts";`,
    "mod/b/y.ts": `export { v } from "../b/inner/v.ts";`,
    "mod/b/inner/v.ts": `import {\n  x,\n} from "../../a/x.ts";`,
    "mod/c/w.ts": `import { u } from "../d/u.ts";`,
    "mod/d/u.ts": `import { w } from "../c/w.ts";`,
  });
  assertEquals(findings, [
    "mod/a -> mod/b -> mod/b/inner -> mod/a: folders import each other " +
    "(mod/a/x.ts, mod/b/y.ts, mod/b/inner/v.ts)",
    "mod/c -> mod/d -> mod/c: folders import each other (mod/c/w.ts, mod/d/u.ts)",
  ]);
});

import { assertEquals } from "@std/assert";
import { affectedFiles, changedPaths } from "../../../../scripts/testing/changed_files.ts";
import { runProgram } from "../../../support/binary.ts";
import { type TempFolder, tempFolder } from "../../../support/ports.ts";

const tree: Readonly<Record<string, string>> = {
  "main.ts": 'const load = () => import("./mod/load/mod.ts");\nimport("./mod/serve/mod.ts");\n',
  "mod/load/mod.ts": 'import { a } from "../base/a.ts";\n',
  "mod/serve/mod.ts": 'import type { A } from "../base/a.ts";\nimport "./b.ts";\n',
  "mod/serve/b.ts": "",
  "mod/base/a.ts": "",
  "scripts/fuzz.ts": "",
  "scripts/checks/c.ts": "",
  "tests/unit/base/a_test.ts": 'import { a } from "../../../mod/base/a.ts";\n',
  "tests/unit/load/x_test.ts": 'import {\n  load,\n} from "../../../mod/load/mod.ts";\n',
  "tests/unit/serve/b_test.ts": 'import "../../../mod/serve/b.ts";\n',
  "tests/contract/run_test.ts": 'startProgram("run_program.ts", []);\n',
  "tests/contract/run_program.ts": 'import "../../mod/serve/b.ts";\n',
  "tests/fuzz/rows_test.ts": 'read("../vectors/rows.tsv");\n',
  "tests/vectors/rows.tsv": "",
  "tests/e2e/load/x_test.ts": "",
  "tests/e2e/serve/x_test.ts": "",
  "tests/e2e/modes/x_test.ts": "",
  "tests/e2e/scripts/x_test.ts": "",
};
const tests = Object.keys(tree).filter((path) => path.endsWith("_test.ts"));

async function plant(): Promise<TempFolder> {
  const folder = await tempFolder();
  for (const [path, text] of Object.entries(tree)) await folder.write(path, text);
  return folder;
}

const rows: readonly [changed: string, affected: readonly string[]][] = [
  ["mod/base/a.ts", ["unit/base/a", "unit/load/x", "e2e/load/x", "e2e/modes/x"]],
  ["mod/serve/b.ts", ["unit/serve/b", "contract/run", "e2e/serve/x", "e2e/modes/x"]],
  ["main.ts", ["e2e/modes/x"]],
  ["tests/vectors/rows.tsv", ["fuzz/rows"]],
  ["tests/e2e/load/x_test.ts", ["e2e/load/x"]],
  ["scripts/fuzz.ts", ["e2e/scripts/x"]],
  ["scripts/checks/c.ts", []],
  ["README.md", []],
];

for (const [changed, affected] of rows) {
  Deno.test(`affectedFiles() of ${changed}`, async () => {
    await using folder = await plant();
    const expected = affected.map((name) => `tests/${name}_test.ts`);
    assertEquals(await affectedFiles(folder.path, tests, [changed]), expected);
  });
}

Deno.test("affectedFiles() gives every test for a change of deno.json", async () => {
  await using folder = await plant();
  assertEquals(await affectedFiles(folder.path, tests, ["deno.json"]), tests);
});

Deno.test("changedPaths() compares with where the branch left main, and counts unknown files", async () => {
  await using folder = await tempFolder();
  const git = async (...args: string[]) => {
    const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    const { code, stderr } = await runProgram("git", [...identity, ...args], { cwd: folder.path });
    assertEquals(code, 0, stderr);
  };
  await git("init", "-q", "-b", "main");
  await folder.write("a", "1");
  await folder.write("b", "1");
  await git("add", ".");
  await git("commit", "-qm", "one");
  assertEquals(await changedPaths(folder.path), []);
  await folder.write("a", "2");
  assertEquals(await changedPaths(folder.path), ["a"]);
  await git("checkout", "-qb", "branch");
  await git("commit", "-qam", "two");
  await folder.write("b", "2");
  await folder.write("c", "1");
  assertEquals(await changedPaths(folder.path), ["a", "b", "c"]);
  await git("checkout", "-q", "--force", "main");
  await git("branch", "-qm", "trunk");
  assertEquals(await changedPaths(folder.path), ["c"]);
});

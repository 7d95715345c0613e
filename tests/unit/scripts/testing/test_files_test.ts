import { assert, assertEquals } from "@std/assert";
import {
  listTestFiles,
  runTestFile,
  runTestFiles,
} from "../../../../scripts/testing/test_files.ts";
import { type TempFolder, tempFolder } from "../../../support/ports.ts";

function options(folder: TempFolder, fileTimeoutMs = 60_000) {
  return { root: folder.path, parallel: 2, fileTimeoutMs };
}

Deno.test("listTestFiles() finds test files in depth, sorted, and nothing where no folder is", async () => {
  await using folder = await tempFolder();
  for (const name of ["unit/b/x_test.ts", "unit/a_test.ts", "unit/a.ts"]) {
    await folder.write(name, "");
  }
  assertEquals(await listTestFiles(folder.path, "unit"), ["unit/a_test.ts", "unit/b/x_test.ts"]);
  assertEquals(await listTestFiles(folder.path, "none"), []);
});

Deno.test("runTestFiles() counts what passed, failed and was skipped", async () => {
  await using folder = await tempFolder();
  await folder.write(
    "a_test.ts",
    'Deno.test("x", () => {});\nDeno.test("y", () => { throw new Error("expected 1, got 2"); });\n',
  );
  await folder.write(
    "b_test.ts",
    'Deno.test({ name: "z [needs q]", ["ign" + "ore"]: true, fn() {} });\n',
  );
  const outcome = await runTestFiles(["a_test.ts", "b_test.ts"], options(folder));
  assertEquals([outcome.passed, outcome.failed, outcome.skipped], [1, 1, ["z [needs q]"]]);
  assertEquals(outcome.reports.length, 1);
  assert(outcome.reports[0].startsWith("a_test.ts\n"));
  assert(outcome.reports[0].includes("expected 1, got 2"));
});

Deno.test("runTestFile() fails a file that does not load", async () => {
  await using folder = await tempFolder();
  await folder.write("a_test.ts", 'import "./nowhere.ts";\n');
  const outcome = await runTestFile("a_test.ts", options(folder));
  assertEquals([outcome.passed, outcome.failed], [0, 1]);
  assert(outcome.reports[0].includes("nowhere.ts"), outcome.reports[0]);
});

Deno.test("runTestFile() ends a file that hangs and names it, its children too", async () => {
  await using folder = await tempFolder();
  await folder.write(
    "a_test.ts",
    `Deno.test("waits for ever", async () => {
      const child = new Deno.Command("sleep", { args: ["300"], stdout: "inherit" }).spawn();
      await Deno.writeTextFile("pid", String(child.pid));
      await child.status;
    });\n`,
  );
  const outcome = await runTestFile("a_test.ts", options(folder, 8000));
  assertEquals([outcome.passed, outcome.failed], [0, 1]);
  assert(outcome.reports[0].includes("still running after 8 s"), outcome.reports[0]);
  assert(outcome.reports[0].includes("waits for ever"), outcome.reports[0]);
  const pid = await Deno.readTextFile(`${folder.path}/pid`);
  const state = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "gone");
  assert(state === "gone" || / Z /.test(state), state);
});

Deno.test("runTestFile() shows a leak, and in a second run where it comes from", async () => {
  await using folder = await tempFolder();
  await folder.write("a_test.ts", 'Deno.test("leaks", () => void setTimeout(() => {}, 5000));\n');
  const outcome = await runTestFile("a_test.ts", options(folder));
  assertEquals(outcome.failed, 1);
  const [plain, traced] = outcome.reports;
  assert(/^a_test\.ts\n[^]*Leaks detected/.test(plain), plain);
  assert(/^a_test\.ts with --trace-leaks\n[^]*setTimeout[^]*a_test\.ts:1/.test(traced), traced);
});

Deno.test("runTestFiles() reports a failure at once and runs marked files alone", async () => {
  await using folder = await tempFolder();
  // Each says how many files run when it does.
  const counting = `const running = () => [...Deno.readDirSync("running")].length;
    Deno.test("x", async () => {
      const own = \`running/\${Math.random()}\`;
      Deno.writeTextFileSync(own, "");
      await new Promise((done) => setTimeout(done, 300));
      Deno.writeTextFileSync(NAME, String(running()));
      Deno.removeSync(own);
    });\n`;
  await Deno.mkdir(`${folder.path}/running`);
  const alone = "// Runs alone: it measures.\n";
  await folder.write("a_test.ts", alone + counting.replace("NAME", '"a"'));
  await folder.write("b_test.ts", 'Deno.test("y", () => { throw new Error("no"); });\n');
  await folder.write("c_test.ts", alone + counting.replace("NAME", '"c"'));
  const reported: string[] = [];
  const onReport = (report: string) => void reported.push(report.split("\n")[0]);
  const files = ["a_test.ts", "b_test.ts", "c_test.ts"];
  const outcome = await runTestFiles(files, { ...options(folder), onReport });
  assertEquals([outcome.passed, outcome.failed], [2, 1]);
  assertEquals(reported, ["b_test.ts"]);
  for (const name of ["a", "c"]) {
    assertEquals(await Deno.readTextFile(`${folder.path}/${name}`), "1");
  }
});

Deno.test("runTestFiles() gives each file that runs at the same time another lane", async () => {
  await using folder = await tempFolder();
  const waiting = `Deno.test("x", async () => {
    Deno.writeTextFileSync(Deno.env.get("HAYATE_TEST_LANE").replace("/", " of "), "");
    while (![0, 1].every((lane) => exists(lane + " of 2"))) {
      await new Promise((done) => setTimeout(done, 10));
    }
  });
  function exists(path) { try { Deno.statSync(path); return true; } catch { return false; } }\n`;
  for (const name of ["a_test.ts", "b_test.ts"]) await folder.write(name, waiting);
  const outcome = await runTestFiles(["a_test.ts", "b_test.ts"], options(folder));
  assertEquals([outcome.passed, outcome.failed], [2, 0], outcome.reports.join());
});

import { assert, assertEquals } from "@std/assert";
import { openFilesMax } from "../../../scripts/testing/host_limits.ts";
import { readJunit } from "../../../scripts/testing/junit.ts";
import {
  emptyOutcome,
  exitCodeOf,
  formatCounts,
  formatSkipped,
} from "../../../scripts/testing/outcome.ts";
import { listTestFiles, runTestFile, runTestFiles } from "../../../scripts/testing/test_files.ts";
import { type TempFolder, tempFolder } from "../../support/ports.ts";

function options(folder: TempFolder, fileTimeoutMs = 60_000) {
  return { root: folder.path, parallel: 2, fileTimeoutMs };
}

Deno.test("formatCounts() is the promised last line, with skips only when there are some", () => {
  const outcome = { ...emptyOutcome(), passed: 3, failed: 1 };
  assertEquals(formatCounts(outcome), "3 passed, 1 failed");
  outcome.skipped.push("a [needs wrk]");
  assertEquals(formatCounts(outcome), "3 passed, 1 failed, 1 skipped");
});

Deno.test("formatSkipped() names the missing program", () => {
  assertEquals(
    formatSkipped("proxy answers wrk [needs wrk]"),
    "skipped: proxy answers wrk needs wrk",
  );
});

Deno.test("exitCodeOf() is a failure when something failed or nothing ran", () => {
  assertEquals(exitCodeOf({ ...emptyOutcome(), passed: 1 }), 0);
  assertEquals(exitCodeOf({ ...emptyOutcome(), passed: 9, failed: 1 }), 1);
  assertEquals(exitCodeOf({ ...emptyOutcome(), skipped: ["x"] }), 1);
});

Deno.test("readJunit() counts tests, not steps, and tells skipped ones by name", () => {
  const outcome = readJunit(`<testsuites><testsuite name="x">
    <testcase name="a &gt; b"></testcase>
    <testcase name="steps"><failure message="1 test step failed">x</failure></testcase>
    <testcase name="steps &gt; one"></testcase>
    <testcase name="steps &gt; two"><failure message="x">x</failure></testcase>
    <testcase name="&quot;load&quot; [needs wrk]"><skipped/></testcase>
  </testsuite></testsuites>`);
  assertEquals(outcome, { passed: 1, failed: 1, skipped: ['"load" [needs wrk]'], reports: [] });
});

Deno.test("openFilesMax() reads the soft limit", () => {
  const line = "Max open files            1024                 20000                files     \n";
  assertEquals(openFilesMax(`Limit   Soft Limit\n${line}`), 1024);
});

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

Deno.test("runTestFile() shows where a leak comes from", async () => {
  await using folder = await tempFolder();
  await folder.write("a_test.ts", 'Deno.test("leaks", () => void setTimeout(() => {}, 5000));\n');
  const outcome = await runTestFile("a_test.ts", options(folder));
  assertEquals(outcome.failed, 1);
  assert(/setTimeout[^]*a_test\.ts:1/.test(outcome.reports[0]), outcome.reports[0]);
});

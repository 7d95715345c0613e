import { assertEquals } from "@std/assert";
import { checkTidy } from "../../../../scripts/checks/tidy.ts";
import { tempFolder } from "../../../support/ports.ts";

/** The findings for a tree that holds main.ts and `files`. */
async function findingsFor(files: Record<string, string>): Promise<string[]> {
  await using folder = await tempFolder();
  await folder.write("main.ts", "export {};\n");
  for (const [path, text] of Object.entries(files)) await folder.write(path, text);
  return await checkTidy(folder.path);
}

function lines(count: number): string {
  return "// x\n".repeat(count - 1) + "export {};\n";
}

Deno.test("checkTidy() caps files at 600 lines", async () => {
  const findings = await findingsFor({ "mod/a/ok.ts": lines(600), "mod/a/long.ts": lines(601) });
  assertEquals(findings, ["mod/a/long.ts: 601 lines, the cap is 600: split it"]);
});

Deno.test("checkTidy() caps functions, methods and arrows at 70 lines and names them", async () => {
  const body = (count: number) => "\n".repeat(count - 1);
  const findings = await findingsFor({
    "mod/a/x.ts": `export function fits() {${body(70)}}\nexport function grows() {${body(71)}}\n`,
    "mod/a/y.ts": `export class A {\n  swells() {${body(71)}}\n}\n`,
    "mod/a/z.ts": `export const arrow = () => {${body(71)}};\n`,
    "tests/unit/suite.ts": `export function suite() {${body(80)}Deno.test("x", () => 1);}\n`,
  });
  assertEquals(findings, [
    "mod/a/x.ts:71: grows has 71 lines, the cap is 70",
    "mod/a/y.ts:2: swells has 71 lines, the cap is 70",
    "mod/a/z.ts:1: arrow has 71 lines, the cap is 70",
  ]);
});

Deno.test("checkTidy() finds parameter properties where objects live for each connection", async () => {
  const text =
    "export class A {\n  constructor(readonly b: number, public c: number, d: number) {}\n}\n";
  const findings = await findingsFor({ "mod/conn/x.ts": text, "mod/cli/x.ts": text });
  const why = "a parameter property makes every field of its class slow: declare and assign it";
  assertEquals(findings, [`mod/conn/x.ts:2: ${why}`, `mod/conn/x.ts:2: ${why}`]);
});

Deno.test("checkTidy() finds an empty catch, with or without a comment in it", async () => {
  const findings = await findingsFor({
    "mod/a/x.ts": "try {\n  f();\n} catch {\n  // nothing\n}\nf().catch(() => {});\n",
    "mod/a/y.ts": "export const y = f().catch((error) => g(error));\n",
  });
  const why = "an empty catch hides a failure: handle the errors you expect";
  assertEquals(findings, [`mod/a/x.ts:3: ${why}`, `mod/a/x.ts:6: ${why}`]);
});

Deno.test("checkTidy() finds a test that is switched off or switches the others off", async () => {
  const off = ["on" + "ly", "ign" + "ore"];
  const findings = await findingsFor({
    "tests/contract/x_test.ts": `Deno.test.${off[0]}("x", f);\nDeno.test.${off[1]}("y", f);\n` +
      `Deno.test({ name: "z", ${off[1]}: true, fn: f });\n`,
  });
  assertEquals(findings, [
    "tests/contract/x_test.ts:1: Deno.test.only is banned here: Deno.test: the others must run too",
    "tests/contract/x_test.ts:2: Deno.test.ignore is banned here: " +
    "peerTest of tests/support/peers.ts, or mend the test",
    "tests/contract/x_test.ts:3: ignore is banned: every test runs, see peerTest",
  ]);
});

Deno.test("checkTidy() finds notes for later, paths of one machine and registry hosts", async () => {
  const findings = await findingsFor({
    "mod/a/x.ts": `// ${"TO" + "DO"}: later\n// see /${"work"}/main\n// from deb.${"debian"}.org\n`,
    "Dockerfile": `COPY /${"work"}/x .\n`,
  });
  assertEquals(findings, [
    `Dockerfile:1: a path of one machine (/${"work"}/): a path relative to the checkout`,
    `mod/a/x.ts:1: a note to do something later (${"TO" + "DO"}): do it, or file an issue`,
    `mod/a/x.ts:2: a path of one machine (/${"work"}/): a path relative to the checkout`,
    `mod/a/x.ts:3: a registry's host name (deb.${"debian"}.org): ` +
    "the package's name; the client knows its registry",
  ]);
});

Deno.test("checkTidy() finds names that say nothing, printing engines and words of no effect", async () => {
  const findings = await findingsFor({
    "mod/a/utils.ts": "export {};\n",
    "mod/load/engine.ts": "console.log(1);\n",
    "mod/log/out.ts": "console.log(1);\n",
    "mod/a/x.ts": "export class X {\n  private y = 1;\n}\nexport enum E {\n  a,\n}\n",
  });
  assertEquals(findings, [
    "mod/a/utils.ts: the name utils says nothing: name it by what it does",
    "mod/a/x.ts:2: private is only a word to the compiler: use #name",
    "mod/a/x.ts:4: an enum is no plain value: use a const object",
    "mod/load/engine.ts:1: console.log is banned here: " +
    "the text goes to main.ts or a report, a log line to mod/log",
  ]);
});

Deno.test("checkTidy() finds slow types in foreign signatures", async () => {
  const findings = await findingsFor({
    "mod/sys/x.ts": 'export const read = { parameters: ["i32", "usize"], result: "i32" };\n',
  });
  assertEquals(findings, [
    "mod/sys/x.ts:1: usize makes the call slow: i32, u32, pointer or buffer",
  ]);
});

Deno.test("checkTidy() finds folders of mod/ with more than 25 files", async () => {
  const files = (folder: string, count: number) =>
    Array.from({ length: count }, (_, index) => [`${folder}/x${index}.ts`, "export {};\n"]);
  const tree = Object.fromEntries([...files("mod/a", 25), ...files("mod/a/b", 26)]);
  assertEquals(await findingsFor(tree), ["mod/a/b: 26 files, the cap is 25: make rooms"]);
});

/** The style check: lengths, places, banned names and words. Tables in tidy_table.ts. */
import { unusedImports } from "./import_map.ts";
import { lintFindings } from "./lint_runner.ts";
import { placeFindings } from "./places.ts";
import { bannedText, emptyNames, fileLinesMax, longFiles } from "./tidy_table.ts";

/** Folders and files to check. */
const places = ["main.ts", "mod", "scripts", "tests"];
/** Checked as text only. */
const textPlaces = ["Dockerfile", "README.md", "deno.json", ".ci"];
/** Bytes of peers and fuzzers: data, exempt from the text checks. */
const dataFolders = ["tests/vectors", "tests/fuzz/corpus"];

/** Violations under `root`, as `path:line: why`. */
export async function checkTidy(root: string): Promise<string[]> {
  const present = await existing(root, places);
  const findings = await lintFindings("tidy_plugin.ts", root, present);
  const paths: string[] = [];
  for (const place of await existing(root, [...places, ...textPlaces])) {
    for await (const path of walk(root, place)) {
      paths.push(path);
      findings.push(...await checkFile(root, path));
    }
  }
  findings.push(...placeFindings(paths));
  findings.push(...await checkImportMap(root, present));
  return findings.sort();
}

async function checkImportMap(root: string, present: readonly string[]): Promise<string[]> {
  if ((await existing(root, ["deno.json"])).length === 0) return [];
  const sources: string[] = [];
  for (const place of present) {
    for await (const path of walk(root, place)) {
      if (path.endsWith(".ts")) sources.push(await Deno.readTextFile(`${root}/${path}`));
    }
  }
  return unusedImports(await Deno.readTextFile(`${root}/deno.json`), sources);
}

async function checkFile(root: string, path: string): Promise<string[]> {
  const findings: string[] = [];
  const stem = path.slice(path.lastIndexOf("/") + 1).replace(/(_test)?\.\w+$/, "");
  if (emptyNames.includes(stem)) {
    findings.push(`${path}: the name ${stem} says nothing: name it by what it does`);
  }
  if (path.endsWith(".ts") && stem !== stem.toLowerCase()) {
    findings.push(`${path}: file names are in lower case, words joined by _`);
  }
  const lines = (await Deno.readTextFile(`${root}/${path}`)).split("\n");
  const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  if (path.endsWith(".ts") && count > fileLinesMax && !longFiles.includes(path)) {
    findings.push(`${path}: ${count} lines, the cap is ${fileLinesMax}: split it`);
  }
  for (const [index, line] of lines.entries()) {
    for (const { pattern, what, instead } of bannedText) {
      const found = line.match(pattern);
      if (found) findings.push(`${path}:${index + 1}: ${what} (${found[0].trim()}): ${instead}`);
    }
  }
  return findings;
}

async function* walk(root: string, place: string): AsyncGenerator<string> {
  if (dataFolders.includes(place)) return;
  if ((await Deno.stat(`${root}/${place}`)).isFile) {
    yield place;
    return;
  }
  for await (const entry of Deno.readDir(`${root}/${place}`)) {
    const path = `${place}/${entry.name}`;
    if (entry.isDirectory) yield* walk(root, path);
    else if (entry.isFile) yield path;
  }
}

async function existing(root: string, names: readonly string[]): Promise<string[]> {
  const present: string[] = [];
  for (const name of names) {
    const isThere = await Deno.stat(`${root}/${name}`).then(() => true, () => false);
    if (isThere) present.push(name);
  }
  return present;
}

if (import.meta.main) {
  const findings = await checkTidy(new URL("../..", import.meta.url).pathname);
  for (const finding of findings) console.error(finding);
  Deno.exit(findings.length === 0 ? 0 : 1);
}

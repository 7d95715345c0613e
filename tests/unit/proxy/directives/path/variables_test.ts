import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";
import type { Settings } from "../../../../../mod/proxy/plan/plan.ts";

const source = {
  readText: (path: string): string => {
    throw new Error(`no ${path}`);
  },
  environment: () => null,
};

/** Settings of the only path of a file with these lines, and the problems. */
function build(
  ...lines: readonly string[]
): { settings: Settings | null; problems: readonly string[] } {
  const { plan, problems } = buildPlan(
    `listen: 80\nsetenv: {TEAM: red, ZONE: a}\nhosts: {default: {paths: {/: {status: ON, ${
      lines.join(", ")
    }}}}}\n`,
    "h2o.conf",
    source,
    { needsListen: true },
  );
  return { settings: plan?.hosts[0].paths[0].settings ?? null, problems };
}

Deno.test("setenv adds to the inherited variables, unsetenv removes from them", () => {
  assertEquals([...build("setenv: {TEAM: blue, EMPTY: ''}").settings!.variables], [
    ["TEAM", "blue"],
    ["ZONE", "a"],
    ["EMPTY", ""],
  ]);
  assertEquals([...build("unsetenv: TEAM").settings!.variables], [["ZONE", "a"]]);
  assertEquals([...build("unsetenv: [TEAM, ZONE]").settings!.variables], []);
});

Deno.test("setenv that is not a mapping is reported with its line", () => {
  assertEquals(build("setenv: TEAM").problems, [
    "[h2o.conf:3] setenv: a mapping of names and values is expected",
  ]);
});

Deno.test("compress takes encodings in any order, and a level for each", () => {
  assertEquals(build("compress: [gzip, zstd]").settings!.compress!.encodings, ["zstd", "gzip"]);
  assertEquals(build("compress: {gzip: 9, br: 4, zstd: 19}").settings!.compress, {
    encodings: ["br", "zstd", "gzip"],
    gzipLevel: 9,
    brotliLevel: 4,
    zstdLevel: 19,
  });
  assertEquals(build("compress: {zstd: 23}").problems, [
    "[h2o.conf:3] compress.zstd: found `23`; allowed: a number from 1 to 22",
  ]);
});

import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../mod/proxy/directives/build.ts";

const source = { readText: () => "", environment: () => null };
const numbers: Record<string, number> = {
  root: 0,
  toor: 0,
  nobody: 65534,
  www: 1000,
  "1000": 1000,
};

/** UID, value of `user` -> nothing, a notice or a problem. */
const rows: readonly [uid: number, user: string, outcome: "" | "notice" | "problem"][] = [
  [0, "nobody", "problem"],
  [0, "www", "problem"],
  [0, "1000", "problem"],
  // Not in passwd(5): it is not known to be root.
  [0, "nosuch", "problem"],
  [0, "root", ""],
  [0, "toor", ""],
  [1000, "www", ""],
  [1000, "1000", ""],
  [1000, "nobody", "notice"],
  [1000, "root", "notice"],
  [1000, "nosuch", "notice"],
];

for (const [uid, user, outcome] of rows) {
  Deno.test(`user: ${user} as uid ${uid}: ${outcome || "nothing to say"}`, () => {
    const text = `user: "${user}"\nlisten: 80\nhosts: {default: {paths: {/: {status: ON}}}}\n`;
    const { plan, problems } = buildPlan(text, "h2o.conf", source, {
      needsListen: true,
      host: {
        runningUser: { uid, numberOf: (name) => numbers[name] ?? null },
        inspectPath: () => null,
      },
    });
    const said = problems.length > 0 ? "problem" : plan!.notices.length > 0 ? "notice" : "";
    assertEquals(said, outcome);
    for (const line of problems) {
      assertEquals(line.startsWith("[h2o.conf:1] user: found"), true);
    }
  });
}

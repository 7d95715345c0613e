/** Runs the checks and tests in stages; see `usage`. */
import { checkLayers } from "./checks/layers.ts";
import { checkTidy } from "./checks/tidy.ts";
import { commandCheck, findingsCheck } from "./testing/command_check.ts";
import { hostNotes } from "./testing/host_limits.ts";
import {
  addOutcome,
  emptyOutcome,
  exitCodeOf,
  formatCounts,
  formatSkipped,
  formatStage,
  type Outcome,
} from "./testing/outcome.ts";
import { listTestFiles, runTestFiles } from "./testing/test_files.ts";

const usage = `usage: scripts/test [--only WHAT]...

Runs every check and test. The last line is "N passed, N failed", with ", N skipped" behind it when
a program that a test needs is not installed. A check counts as one test.

  --only WHAT   a stage (fmt lint types layers tidy scripts build unit fuzz contract e2e image), or part
                of a test file's path, for example --only http1. "image" runs only when it is named:
                scripts/image --test does.`;

const root = Deno.env.get("HAYATE_ROOT") ?? new URL("..", import.meta.url).pathname;
const deno = Deno.execPath();
const sources = ["main.ts", "mod", "scripts", "tests"];
const minuteMs = 60_000;

/** In running order: cheap and informative checks first. */
const checks: Record<string, () => Promise<Outcome>> = {
  fmt: () => commandCheck("deno fmt --check", deno, ["fmt", "--check"], root),
  lint: () => commandCheck("deno lint", deno, ["lint", "--quiet"], root),
  types: () => commandCheck("deno check", deno, ["check", "--quiet", ...sources], root),
  layers: async () => findingsCheck("layers", await checkLayers(root)),
  tidy: async () => findingsCheck("tidy", await checkTidy(root)),
  scripts: checkShellScripts,
  build: () => commandCheck("scripts/build", `${root}/scripts/build`, [], root),
};

const suites: Record<string, { parallel: number; fileTimeoutMs: number }> = {
  unit: { parallel: Math.max(1, navigator.hardwareConcurrency), fileTimeoutMs: 2 * minuteMs },
  fuzz: { parallel: 1, fileTimeoutMs: 2 * minuteMs },
  contract: { parallel: 1, fileTimeoutMs: 4 * minuteMs },
  e2e: { parallel: 1, fileTimeoutMs: 8 * minuteMs },
  image: { parallel: 1, fileTimeoutMs: 8 * minuteMs },
};

await main(parseOnly(Deno.args));

async function main(only: readonly string[]): Promise<never> {
  for (const note of hostNotes()) console.log(`note: ${note}`);
  const total = emptyOutcome();
  for (const [name, run] of await plan(only)) {
    const startMs = performance.now();
    const outcome = await run();
    console.log(formatStage(name, outcome, performance.now() - startMs));
    for (const report of outcome.reports) console.log(`\n--- ${report}\n`);
    addOutcome(total, outcome);
  }
  for (const name of total.skipped) console.log(formatSkipped(name));
  console.log(formatCounts(total));
  Deno.exit(exitCodeOf(total));
}

/** The stages to run: all except the image's, or those selected by `only`. */
async function plan(only: readonly string[]): Promise<[string, () => Promise<Outcome>][]> {
  const filters = only.filter((word) => !(word in checks) && !(word in suites));
  const stages: [string, () => Promise<Outcome>][] = [];
  for (const [name, run] of Object.entries(checks)) {
    if (only.length === 0 || only.includes(name)) stages.push([name, run]);
  }
  for (const [name, limits] of Object.entries(suites)) {
    const whole = only.includes(name) || (only.length === 0 && name !== "image");
    const files = (await listTestFiles(root, `tests/${name}`))
      .filter((file) => whole || (name !== "image" && filters.some((word) => file.includes(word))));
    if (files.length === 0) continue;
    // A suite that is selected alone still needs a current build. The image's tests use the program's
    // own `load` as the client.
    if (only.length > 0 && (name === "e2e" || name === "image")) {
      stages.push(["build", checks.build]);
    }
    stages.push([name, () => runTestFiles(files, { root, ...limits })]);
  }
  return stages;
}

/** `bash -n` on every shell script, to find syntax errors in branches that CI never runs. */
async function checkShellScripts(): Promise<Outcome> {
  const findings: string[] = [];
  const folders = [`${root}/scripts`, `${root}/.ci`];
  for (const folder of folders) {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (!entry.isFile || /\.(ts|py|md)$/.test(entry.name)) continue;
      const check = await commandCheck(entry.name, "bash", ["-n", path], root);
      findings.push(...check.reports);
    }
  }
  return findingsCheck("bash -n", findings);
}

function parseOnly(args: readonly string[]): string[] {
  const only: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const [flag, value] = args[index].split("=", 2);
    if (flag === "--help" || flag === "-h") {
      console.log(usage);
      Deno.exit(0);
    }
    const word = value ?? args[++index];
    if (flag !== "--only" || !word) {
      console.error(`test: cannot understand ${args[index] ?? flag}\n${usage}`);
      Deno.exit(2);
    }
    only.push(word);
  }
  return only;
}

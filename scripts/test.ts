/** Runs the checks and tests in stages; see `usage`. */
import { checkLayers } from "./checks/layers.ts";
import { checkTidy } from "./checks/tidy.ts";
import { affectedFiles, changedPaths } from "./testing/changed_files.ts";
import { commandCheck, findingsCheck } from "./testing/command_check.ts";
import { hostNotes } from "./testing/host_limits.ts";
import {
  addOutcome,
  emptyOutcome,
  exitCodeOf,
  formatCounts,
  formatFailed,
  formatReport,
  formatSkipped,
  formatStage,
  type Outcome,
} from "./testing/outcome.ts";
import { listTestFiles, runTestFiles } from "./testing/test_files.ts";

const usage = `usage: scripts/test [--changed] [--only WHAT]...

Runs every check and test. The last line is "N passed, N failed", followed by ", N skipped" when a
program that a test needs is not installed. A check counts as one test.

  --only WHAT   a stage (fmt lint types layers tidy scripts build unit fuzz contract e2e image), or part
                of a test file's path, for example --only http1. "image" runs only when it is named:
                scripts/image --test does.
  --changed     every check, and the test files that a change can affect: those that import a changed
                file, directly or not, or name it; of tests/e2e those of the modes that import it.
                Changed is what differs from main, or from HEAD on main itself. With --only, the
                checks and files that both select.

A test file that measures, or that loads the whole machine, has a line "// Runs alone: REASON"; the
others run in parallel.`;

const root = Deno.env.get("HAYATE_ROOT") ?? new URL("..", import.meta.url).pathname;
const deno = Deno.execPath();
const sources = ["main.ts", "mod", "scripts", "tests"];
const minuteMs = 60_000;
const cores = Math.max(1, navigator.hardwareConcurrency);

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

/** End-to-end tests spend most of their time waiting: for deadlines, drains and checks. */
const suites: Record<string, { parallel: number; fileTimeoutMs: number }> = {
  unit: { parallel: cores, fileTimeoutMs: 2 * minuteMs },
  fuzz: { parallel: cores, fileTimeoutMs: 2 * minuteMs },
  contract: { parallel: cores, fileTimeoutMs: 4 * minuteMs },
  e2e: { parallel: 2 * cores, fileTimeoutMs: 15 * minuteMs },
  image: { parallel: 1, fileTimeoutMs: 15 * minuteMs },
};

interface Selection {
  readonly only: readonly string[];
  readonly isChangedOnly: boolean;
}

await main(parseArgs(Deno.args));

async function main(selection: Selection): Promise<never> {
  for (const note of hostNotes()) console.log(`note: ${note}`);
  const total = emptyOutcome();
  for (const [name, run] of await plan(selection)) {
    const startMs = performance.now();
    const outcome = await run();
    console.log(formatStage(name, outcome, performance.now() - startMs));
    addOutcome(total, outcome);
  }
  for (const name of total.skipped) console.log(formatSkipped(name));
  for (const report of total.reports) console.log(formatFailed(report));
  console.log(formatCounts(total));
  Deno.exit(exitCodeOf(total));
}

type Stage = [name: string, run: () => Promise<Outcome>];

/** The selected stages, or all except the image's. */
async function plan({ only, isChangedOnly }: Selection): Promise<Stage[]> {
  const filters = only.filter((word) => !(word in checks) && !(word in suites));
  const changed = isChangedOnly ? await changedPaths(root) : null;
  const isPartial = only.length > 0 || isChangedOnly;
  const stages: Stage[] = Object.keys(checks)
    .filter((name) => only.length === 0 ? name !== "build" || !isPartial : only.includes(name))
    .map((name) => [name, () => runCheck(name)]);
  for (const [name, limits] of Object.entries(suites)) {
    const whole = only.includes(name) || (only.length === 0 && name !== "image");
    const named = (await listTestFiles(root, `tests/${name}`))
      .filter((file) => whole || (name !== "image" && filters.some((word) => file.includes(word))));
    const files = changed === null ? named : await affectedFiles(root, named, changed);
    if (files.length === 0) continue;
    // A suite that is selected alone still needs a current build. The image's tests use the program's
    // own `load` as the client.
    if (isPartial && (name === "e2e" || name === "image")) {
      stages.push(["build", () => runCheck("build")]);
    }
    stages.push([name, () => runTestFiles(files, { root, onReport: printReport, ...limits })]);
  }
  return stages;
}

async function runCheck(name: string): Promise<Outcome> {
  const outcome = await checks[name]();
  for (const report of outcome.reports) printReport(report);
  return outcome;
}

function printReport(report: string): void {
  console.log(formatReport(report));
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

function parseArgs(args: readonly string[]): Selection {
  const only: string[] = [];
  let isChangedOnly = false;
  for (let index = 0; index < args.length; index++) {
    const [flag, value] = args[index].split("=", 2);
    if (flag === "--help" || flag === "-h") {
      console.log(usage);
      Deno.exit(0);
    }
    if (args[index] === "--changed") {
      isChangedOnly = true;
      continue;
    }
    const word = value ?? args[++index];
    if (flag !== "--only" || !word) {
      console.error(`test: cannot understand ${args[index] ?? flag}\n${usage}`);
      Deno.exit(2);
    }
    only.push(word);
  }
  return { only, isChangedOnly };
}

/**
 * Runs test files, each in its own `deno test`: a file that hangs is ended and named, one that leaks
 * cannot affect the next, and the JUnit report has exact counts.
 */
import { Child, withTimeout } from "../../tests/support/child.ts";
import { withoutBacktrace } from "./command_check.ts";
import { readJunit } from "./junit.ts";
import { addOutcome, emptyOutcome, type Outcome } from "./outcome.ts";

/** How to run a stage's files. */
export interface RunOptions {
  readonly root: string;
  /** How many files run at the same time; a file with a line `// Runs alone: REASON` has no other beside it. */
  readonly parallel: number;
  /** A file that runs longer is ended and counts as failed. */
  readonly fileTimeoutMs: number;
  /** Called with the report of each file that fails, as soon as it has ended. */
  readonly onReport?: (report: string) => void;
}

/** Paths of the `*_test.ts` files under `root/folder`, relative to root, sorted. */
export async function listTestFiles(root: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${root}/${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) files.push(...await listTestFiles(root, path));
      else if (entry.name.endsWith("_test.ts")) files.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort();
}

/** Runs every file and adds the results up. Files that run alone come last. */
export async function runTestFiles(
  files: readonly string[],
  options: RunOptions,
): Promise<Outcome> {
  const total = emptyOutcome();
  const durations: [string, number][] = [];
  const alone = await filesThatRunAlone(files, options.root);
  const runLane = async (queue: string[], lane: number) => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const startMs = performance.now();
      const outcome = await runTestFile(file, options, lane);
      durations.push([file, performance.now() - startMs]);
      for (const report of outcome.reports) options.onReport?.(report);
      addOutcome(total, outcome);
    }
  };
  const shared = files.filter((file) => !alone.has(file));
  await Promise.all(Array.from({ length: options.parallel }, (_, lane) => runLane(shared, lane)));
  await runLane([...alone], 0);
  for (const line of slowestLines(durations)) console.log(line);
  return total;
}

/** Those with a line `// Runs alone: REASON`. */
async function filesThatRunAlone(files: readonly string[], root: string): Promise<Set<string>> {
  const alone = new Set<string>();
  for (const file of files) {
    if (/^\/\/ Runs alone: ./m.test(await Deno.readTextFile(`${root}/${file}`))) alone.add(file);
  }
  return alone;
}

/** The ten slowest files of those that took more than 5 s. */
function slowestLines(durations: readonly [string, number][]): string[] {
  return durations.filter(([, ms]) => ms > 5_000).sort((a, b) => b[1] - a[1]).slice(0, 10)
    .map(([file, ms]) => `${(ms / 1000).toFixed(0).padStart(15)} s  ${file}`);
}

/** Runs one file. After a leak it runs again with traces, only to report the leak's origin. */
export async function runTestFile(
  file: string,
  options: RunOptions,
  lane: number = 0,
): Promise<Outcome> {
  const run = await denoTest(file, options, lane, []);
  const { outcome } = run;
  if (outcome.failed > 0) {
    outcome.reports.push(`${file}\n${run.output.trim()}`);
    if (run.output.includes("--trace-leaks")) {
      const traced = await denoTest(file, options, lane, ["--trace-leaks"]);
      outcome.reports.push(`${file} with --trace-leaks\n${traced.output.trim()}`);
    }
  }
  return outcome;
}

interface FileRun {
  outcome: Outcome;
  output: string;
}

async function denoTest(
  file: string,
  options: RunOptions,
  lane: number,
  flags: string[],
): Promise<FileRun> {
  const junit = await Deno.makeTempFile({ prefix: "hayate-junit-" });
  try {
    const { output, hasFault } = await runDeno(
      ["test", "-A", "--unstable-net", "--no-check", ...flags, `--junit-path=${junit}`, file],
      options,
      lane,
    );
    const outcome = readJunit(await Deno.readTextFile(junit));
    // An error outside any test: a hang, a file that does not load, an unawaited rejected promise.
    if (hasFault && outcome.failed === 0) outcome.failed++;
    return { outcome, output };
  } finally {
    await Deno.remove(junit);
  }
}

async function runDeno(
  args: string[],
  options: RunOptions,
  lane: number,
): Promise<{ output: string; hasFault: boolean }> {
  const child = new Child(Deno.execPath(), args, {
    cwd: options.root,
    env: testEnvironment(lane, options.parallel),
    clearEnv: true,
  });
  const status = await withTimeout(child.status, options.fileTimeoutMs);
  let fault = "";
  if (status === null) {
    await child.killTree();
    fault = `still running after ${options.fileTimeoutMs / 1000} s, ended by scripts/test`;
  } else {
    // Only waits for the rest of the output; a leftover process may keep it open.
    await child.stop().catch(() => fault = "a process that the tests started outlives them");
  }
  return {
    output: `${child.stdout}${withoutBacktrace(child.stderr)}\n${fault}`.trimEnd(),
    hasFault: fault !== "" || status?.code !== 0,
  };
}

/** Variables that change how hayate runs: removed, so that only tests set them. */
const ownVariables =
  /^(PORTS|H2O_PORT|TLS_DOMAIN|ACME_.*|HAYATE_CERT|HAYATE_KEY|ENVDIR|KILL_OLD_DELAY|ENABLE_AUTO_RESTART|AUTO_RESTART_INTERVAL|HAYATE_DEBUG|SERVER_STARTER_.*|LISTEN_.*|NOTIFY_SOCKET)$/;

/** The lane tells `freePort` of tests/support which ports no other file takes at the same time. */
function testEnvironment(lane: number, lanes: number): Record<string, string> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => !ownVariables.test(name));
  return {
    ...Object.fromEntries(kept),
    NO_COLOR: "1",
    HAYATE_TEST_LANE: `${lane}/${lanes}`,
  };
}

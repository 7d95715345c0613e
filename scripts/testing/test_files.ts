/**
 * Runs test files, each in a `deno test` of its own: a file that hangs is ended and named, one that
 * leaks cannot disturb the next, and the JUnit report gives exact counts.
 */
import { descendantPids, trySignal } from "../../tests/support/child.ts";
import { withoutBacktrace } from "./command_check.ts";
import { readJunit } from "./junit.ts";
import { addOutcome, emptyOutcome, type Outcome } from "./outcome.ts";

/** How a stage's files are run. */
export interface RunOptions {
  readonly root: string;
  /** Files at the same time: more than one only where no test measures or loads the machine. */
  readonly parallel: number;
  /** A file that runs longer is ended and counted as failed. */
  readonly fileTimeoutMs: number;
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

/** Runs every file and adds the results up. */
export async function runTestFiles(
  files: readonly string[],
  options: RunOptions,
): Promise<Outcome> {
  const total = emptyOutcome();
  const queue = [...files];
  const runners = Array.from({ length: options.parallel }, async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      addOutcome(total, await runTestFile(file, options));
    }
  });
  await Promise.all(runners);
  return total;
}

/** Runs one file. A leak is run once more with traces, only to say where it comes from. */
export async function runTestFile(file: string, options: RunOptions): Promise<Outcome> {
  const run = await denoTest(file, options, []);
  const { outcome } = run;
  if (outcome.failed > 0) {
    const traced = run.output.includes("--trace-leaks")
      ? await denoTest(file, options, ["--trace-leaks"])
      : run;
    outcome.reports.push(`${file}\n${traced.output.trim()}`);
  }
  return outcome;
}

interface FileRun {
  outcome: Outcome;
  output: string;
}

async function denoTest(file: string, options: RunOptions, flags: string[]): Promise<FileRun> {
  const junit = await Deno.makeTempFile({ prefix: "hayate-junit-" });
  try {
    const { output, code, hung } = await runDeno(
      ["test", "-A", "--unstable-net", "--no-check", ...flags, `--junit-path=${junit}`, file],
      options,
    );
    const outcome = readJunit(await Deno.readTextFile(junit));
    if (hung) {
      outcome.failed++;
      const seconds = options.fileTimeoutMs / 1000;
      return {
        outcome,
        output: `${output}\nstill running after ${seconds} s, ended by scripts/test`,
      };
    }
    // An error outside of any test: a file that does not load, a promise that nobody awaits.
    if (code !== 0 && outcome.failed === 0) outcome.failed++;
    return { outcome, output };
  } finally {
    await Deno.remove(junit);
  }
}

async function runDeno(
  args: string[],
  options: RunOptions,
): Promise<{ output: string; code: number; hung: boolean }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: options.root,
    env: testEnvironment(),
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    // Listed before the kill: afterwards nothing tells whose children they were.
    for (const pid of [...descendantPids(child.pid), child.pid]) trySignal(pid, "SIGKILL");
  }, options.fileTimeoutMs);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return { output: decoder.decode(stdout) + withoutBacktrace(decoder.decode(stderr)), code, hung };
}

/** What changes how hayate runs must come from the test, not from whoever calls scripts/test. */
const ownVariables =
  /^(PORTS|H2O_PORT|ENVDIR|KILL_OLD_DELAY|ENABLE_AUTO_RESTART|AUTO_RESTART_INTERVAL|HAYATE_DEBUG|SERVER_STARTER_.*|LISTEN_.*|NOTIFY_SOCKET)$/;

function testEnvironment(): Record<string, string> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => !ownVariables.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: "1" };
}

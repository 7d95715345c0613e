/**
 * hayate: chooses a mode, runs it, exits with its code.
 *
 * The only place that exits. A mode is imported when needed, so that `hayate load` does not pay for
 * the YAML reader; the specifiers are literals so that `deno compile` embeds them.
 */
import { nearest } from "./mod/base/nearest.ts";
import { runExitHooks } from "./mod/base/at_exit.ts";
import { exitCodes, StartError } from "./mod/base/errors.ts";
import { jsonLogLine, logChoice, logVariables } from "./mod/base/log_choice.ts";
import { isAwaited, noteError, tellFailure } from "./mod/base/last_error.ts";
import { isOutOfFiles, requireOpenFiles } from "./mod/base/open_files.ts";
import { releaseDate, version } from "./mod/base/version.ts";
import {
  InfoRequest,
  type Invocation,
  type Manual,
  manualOf,
  type Mode,
  quoted,
  UsageError,
} from "./mod/cli/mod.ts";
import { isUnsupervised } from "./mod/cli/container_command.ts";
import { renderOverview, renderSubcommands, renderTopics } from "./mod/cli/overview.ts";
import { renderHelp } from "./mod/cli/help.ts";
import { ownSection } from "./mod/script/built/section.ts";
import { basename } from "./mod/std/path.ts";

interface LazyMode {
  readonly name: string;
  readonly summary: string;
  import(): Promise<Mode>;
}

const modes: readonly LazyMode[] = [
  {
    name: "load",
    summary: "HTTP load generator with wrk's output",
    import: async () => (await import("./mod/load/mod.ts")).loadMode,
  },
  {
    name: "serve",
    summary: "prefork server for a fetch handler, static files or a fixed body",
    import: async () => (await import("./mod/serve/mod.ts")).serveMode,
  },
  {
    name: "supervise",
    summary: "hot-deploy supervisor that holds the listening sockets",
    import: async () => (await import("./mod/supervise/mod.ts")).superviseMode,
  },
  {
    name: "proxy",
    summary: "reverse proxy and static server that reads h2o.conf",
    import: async () => (await import("./mod/proxy/mod.ts")).proxyMode,
  },
  {
    name: "doctor",
    summary: "checks this host's limits for each mode and prints the commands to fix them",
    import: async () => (await import("./mod/doctor/mod.ts")).doctorMode,
  },
  {
    name: "build",
    summary: "puts an app into a copy of this program, which then serves it",
    import: async () => (await import("./mod/build/mod.ts")).buildMode,
  },
  {
    name: "health",
    summary: "asks the server of this container or host whether it is ready",
    import: async () => (await import("./mod/health/mod.ts")).healthMode,
  },
];

/** First arguments other than modes. */
const otherWords = ["help", "completions", "version"];

/**
 * Exit code when the reader of our output has closed it, as in `hayate --help | head -1`: that of a
 * process killed by SIGPIPE (13).
 */
const brokenPipeCode = 128 + 13;

/** Prefix of error lines; grows to `hayate load` once the mode is known. */
let speaker = "hayate";

/** The running mode, once it is loaded. */
let running: Mode | null = null;

addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  if (!running?.onUnhandled?.(event.reason)) void exit(reportFailure(event.reason));
});
addEventListener("error", (event) => {
  event.preventDefault();
  if (!running?.onUnhandled?.(event.error)) void exit(reportFailure(event.error));
});

// No top-level await: Deno would print a stack trace when a mode waits for something that can no
// longer happen.
addEventListener("beforeunload", () => {
  Deno.exit(reportFailure(new Error("ended without a result: nothing was left to wait for")));
});
void main(Deno.args).catch(reportFailure).then(exit);

/** How long buffered log lines may wait for a slow reader at exit. */
async function exit(code: number): Promise<never> {
  if (code !== exitCodes.ok && code !== brokenPipeCode) await tellParent();
  await runExitHooks(1000);
  Deno.exit(code);
}

/** A supervisor that waits for our readiness learns why it does not come. */
async function tellParent(): Promise<void> {
  const sockets = ["NOTIFY_SOCKET", "HAYATE_FAILURE_SOCKET"];
  if (!isAwaited() && sockets.some((name) => Deno.env.has(name))) {
    (await import("./mod/process/handover/readiness.ts")).claimReadiness();
  }
  tellFailure();
}

async function main(argv: readonly string[]): Promise<number> {
  const invocation: Invocation = { calledAs: calledAs() };
  readLogVariables();
  if (invocation.calledAs === "start_server") return await runMode("supervise", argv, invocation);
  const [word, ...rest] = argv;
  // A program that `hayate build` has made serves its app, and is hayate besides.
  if (!isCommand(word) && ownSection() !== null) return await runMode("serve", argv, invocation);
  switch (word) {
    case undefined:
      writeStderr(renderOverview(modes, version));
      return exitCodes.usage;
    case "--help":
    case "-h":
      return show(renderOverview(modes, version));
    case "--version":
    case "-v":
    case "-V":
    case "version":
      return show(versionLine());
    case "help":
      return await help(rest);
    case "completions":
      return await completions(rest);
    case "supervise":
      if (isUnsupervised(rest)) return await main(rest);
      return await runMode(word, rest, invocation);
    default:
      return await runMode(word, rest, invocation);
  }
}

function isCommand(word: string | undefined): boolean {
  return otherWords.includes(word ?? "") || modes.some(({ name }) => name === word);
}

async function runMode(
  name: string,
  argv: readonly string[],
  invocation: Invocation,
): Promise<number> {
  const lazy = findMode(name);
  speaker = `hayate ${name}`;
  requireOpenFiles();
  const mode = await lazy.import();
  running = mode;
  const subcommand = mode.subcommands?.find((each) => each.name === argv[0]);
  if (subcommand === undefined) return await mode.run(argv, invocation);
  speaker = `hayate ${name} ${subcommand.name}`;
  return await subcommand.run(argv.slice(1), invocation);
}

function findMode(name: string): LazyMode {
  const mode = modes.find((each) => each.name === name);
  if (mode !== undefined) return mode;
  const guess = nearest(name, [...modes.map((each) => each.name), ...otherWords]);
  const what = name.startsWith("-") ? "flag" : "mode";
  const hint = guess === null ? "" : `: did you mean ${guess}?`;
  throw new UsageError([`unknown ${what} ${quoted(name)}${hint}`]);
}

/** `hayate help`, `hayate help MODE`, `hayate help MODE TOPIC`. */
async function help(words: readonly string[]): Promise<number> {
  const [name, topicName] = words;
  if (name === undefined) return show(renderOverview(modes, version));
  if (name === "man") return await man();
  const mode = await manualOf(await findMode(name).import());
  if (topicName === undefined) return show(modeHelp(mode) + renderTopics(mode));
  const subcommand = mode.subcommands.find((each) => each.name === topicName);
  if (subcommand !== undefined) return show(renderHelp(subcommand.table));
  const topic = mode.topics.find((each) => each.name === topicName);
  if (topic !== undefined) return show(topic.text.endsWith("\n") ? topic.text : `${topic.text}\n`);
  const names = mode.topics.map((each) => each.name);
  const guess = nearest(topicName, names);
  const hint = guess === null ? "" : `, did you mean ${guess}?`;
  const known = names.length === 0 ? "it has none" : `available: ${names.join(", ")}`;
  throw new UsageError([`${name} has no topic ${quoted(topicName)}${hint} (${known})`]);
}

/** The output of `hayate MODE --help`. */
function modeHelp(
  { name, table, subcommands }: Pick<Mode, "name" | "table" | "subcommands">,
): string {
  return renderHelp(table) + renderSubcommands(name, subcommands ?? []);
}

/** `hayate help man`: the man page in roff, which `scripts/build` writes to dist/hayate.1. */
async function man(): Promise<number> {
  const { renderMan } = await import("./mod/cli/man.ts");
  return show(renderMan(await allManuals(), version, releaseDate));
}

async function completions(words: readonly string[]): Promise<number> {
  const { renderCompletions, shells } = await import("./mod/cli/completions.ts");
  const shell = shells.find((each) => each === words[0]);
  if (shell === undefined) {
    throw new UsageError([`completions needs a shell: ${shells.join(", ")}`]);
  }
  return show(renderCompletions(shell, await allManuals()));
}

async function allManuals(): Promise<readonly Manual[]> {
  return await Promise.all(modes.map(async (mode) => await manualOf(await mode.import())));
}

/** The name this program was called by, from /proc: Deno resolves links, the kernel does not. */
function calledAs(): string {
  try {
    const first = Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0] ?? "";
    return basename(first);
  } catch (error) {
    // Without /proc the name is unknown; only calls as start_server are not recognised.
    const isUnreadable = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied;
    if (isUnreadable || isOutOfFiles(error)) return "hayate";
    throw error;
  }
}

function versionLine(): string {
  return `hayate ${version}\n`;
}

function show(text: string): number {
  try {
    writeAll(Deno.stdout, text);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return brokenPipeCode;
    throw error;
  }
}

/** Read before any flag, so that errors in flags are logged in the chosen format, too. */
function readLogVariables(): void {
  logChoice.json = Deno.env.get(logVariables.format) === "json";
}

/** Reports a failure in the format and to the destination of the log. */
function printFailure(who: string, line: string): void {
  const text = logChoice.json
    ? jsonLogLine(Date.now(), "error", line, { name: who.replace(/^hayate ?/, "") || "hayate" })
    : `${who}: ${line}`;
  writeStderr(`${text}\n`);
}

function writeStderr(text: string): void {
  try {
    writeAll(logChoice.stream === "stdout" ? Deno.stdout : Deno.stderr, text);
  } catch (error) {
    // stderr is closed, so only the exit code can report the failure.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
}

/**
 * Reports an error in plain lines and returns the exit code. No stack unless HAYATE_DEBUG=1.
 */
function reportFailure(error: unknown): number {
  if (error instanceof InfoRequest) {
    if (error.about === "version") return show(versionLine());
    return show(running?.table === error.table ? modeHelp(running) : renderHelp(error.table));
  }
  if (error instanceof Deno.errors.BrokenPipe) return brokenPipeCode;
  const debug = Deno.env.get("HAYATE_DEBUG") === "1";
  if (debug) writeStderr(`${error instanceof Error ? error.stack : String(error)}\n`);
  if (error instanceof UsageError) {
    noteError(error.errors[0]);
    for (const line of error.errors) printFailure(speaker, line);
    if (!logChoice.json) writeStderr(`see ${speaker} --help\n`);
    return error.exitCode;
  }
  if (error instanceof StartError) {
    noteError(error.message);
    for (const line of error.message.split("\n")) printFailure(speaker, line);
    return error.exitCode;
  }
  const text = error instanceof Error ? error.message : String(error);
  const message = text.split("\n", 1)[0]?.replace(/ \(os error \d+\)/, "");
  noteError(message);
  const hint = debug ? "" : " (HAYATE_DEBUG=1 shows where)";
  printFailure(speaker, `${message}${hint}`);
  return exitCodes.failed;
}

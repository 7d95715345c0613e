/** `hayate serve profile PID`: a CPU profile of a running worker. */
import { exitCodes, StartError } from "../base/errors.ts";
import { defineTable, readOptions, type Subcommand, UsageError } from "../cli/mod.ts";
import { standardSink } from "../log/mod.ts";
import { getVariable } from "../process/environment.ts";
import { becomeUser, isRoot } from "../process/privileges/become_user.ts";
import { addSignalListener, sendSignal } from "../process/signals/signals.ts";
import { delay } from "../std/async.ts";
import { Claim } from "./profile/claim.ts";
import { OutputFile } from "./profile/output_file.ts";
import {
  durationMsRange,
  ifThere,
  intervalUsRange,
  type ProfileRequest,
  profileSignal,
} from "./profile/request.ts";
import { findProcess, hasEnded, type ProfiledProcess } from "./profile/target.ts";

const table = defineTable({
  command: "hayate serve profile",
  summary: "CPU profile of a running worker of hayate serve, as a .cpuprofile",
  usage: ["[--for TIME] [--output FILE] PID"],
  description: [
    "PID is a worker (hayate serve status lists them), hayate serve itself where it has no master, " +
    "or a master with one worker. Run it as the same user or as root. The worker goes on serving. " +
    "The file opens in the developer tools of Chrome, in VS Code and in speedscope.",
  ],
  operands: { name: "PID", min: 1, max: 1, help: "The worker's process." },
  options: [
    {
      long: "for",
      key: "durationMs",
      kind: "duration",
      ...durationMsRange,
      default: 10_000,
      placeholder: "TIME",
      help: "How long to sample.",
    },
    {
      long: "interval",
      key: "intervalUs",
      kind: "integer",
      ...intervalUsRange,
      default: 1000,
      placeholder: "US",
      help: "Microseconds between two samples.",
    },
    {
      long: "output",
      short: "o",
      kind: "string",
      placeholder: "FILE",
      defaultText: "hayate-PID.cpuprofile",
      help: "Where to write the profile; -: standard output.",
    },
  ],
  examples: [{ run: "hayate serve profile --for 30s 4711", about: "half a minute" }],
  exitCodes: [{ code: 1, meaning: "no profile: the reason is printed" }],
});

/** For a worker that is busy; a blocked one sees no signal. */
const patienceMs = 15_000;
const pollMs = 50;

export const profileCommand: Subcommand = {
  name: "profile",
  table,
  async run(argv): Promise<number> {
    const { values, operands } = readOptions(table, argv, getVariable);
    const [word] = operands;
    if (!/^[1-9]\d{0,8}$/.test(word)) throw new UsageError([`${word}: not a PID`]);
    const { intervalUs } = values;
    const durationMs = Math.round(values.durationMs);
    const target = about(Number(word), () => findProcess(Number(word)));
    const path = values.output ?? `hayate-${target.pid}.cpuprofile`;
    using output = path === "-" ? null : OutputFile.open(path);
    becomeOwner(target);
    const text = await ask(target, { id: randomId(), durationMs, intervalUs });
    output?.write(text);
    await print(output === null ? text : `wrote ${path}`);
    return exitCodes.ok;
  },
};

/** Errors of `step` begin with the process. */
function about<T>(pid: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw new StartError(`process ${pid}: ${error.message}`, error.exitCode, { cause: error });
  }
}

/**
 * Root becomes the user of the worker: in a folder of that user it could be led to any file by a
 * link. Throws `StartError`.
 */
function becomeOwner({ pid, uid, gid }: ProfiledProcess): void {
  if (uid === Deno.uid()) return;
  if (!isRoot()) {
    throw new StartError(
      `process ${pid}: it belongs to the user ${uid}; run this as that user or as root`,
    );
  }
  becomeUser({ name: String(uid), uid, gid, groups: [gid], home: "/" }, `process ${pid}`);
}

function randomId(): string {
  return crypto.getRandomValues(new Uint8Array(8)).toHex();
}

/** The text of the profile. Rejects with `StartError`. */
async function ask(target: ProfiledProcess, request: ProfileRequest): Promise<string> {
  const { pid } = target;
  const fault = (why: string) => new StartError(`process ${pid}: ${why}`);
  using claim = await Claim.of(target);
  let isInterrupted = false;
  for (const name of ["INT", "TERM"]) addSignalListener(name, () => isInterrupted = true);
  const answer = claim.folder.answerTo(request);
  claim.write(JSON.stringify(request));
  if (!sendSignal(pid, profileSignal)) throw fault("it has ended");
  const endMs = performance.now() + request.durationMs + patienceMs;
  while (performance.now() < endMs) {
    // Before the files are looked for: it may write the answer and end.
    const isOver = hasEnded(pid);
    const text = readOrNull(answer.profile);
    if (text !== null) return text;
    const line = readOrNull(answer.fault);
    if (line !== null) throw fault(line.trim() || `it cannot write to ${claim.folder.path}`);
    if (isOver) throw fault("it has ended before the profile was complete");
    if (isInterrupted) throw new StartError("interrupted", exitCodes.interrupted);
    await delay(pollMs);
  }
  throw fault("no answer; a handler may block its event loop");
}

/** The text of a complete file; null: it is not there yet. */
function readOrNull(path: string): string | null {
  return ifThere(() => Deno.readTextFileSync(path));
}

async function print(text: string): Promise<void> {
  const out = standardSink("stdout");
  out.buffer.text(`${text}\n`);
  out.endLine();
  await out.close();
}

/** `hayate serve profile PID`: a CPU profile of a running worker. */
import { StartError, systemReason } from "../base/errors.ts";
import { defineTable, readOptions, type Subcommand, UsageError } from "../cli/mod.ts";
import { standardSink } from "../log/mod.ts";
import { getVariable } from "../process/environment.ts";
import { processExists, sendSignal, signalNumber } from "../process/signals/signals.ts";
import { delay } from "../std/async.ts";
import { ProfileFiles, type ProfileRequest, profileSignal, secondsMax } from "./profile/request.ts";
import { type ProfiledProcess, readProcess } from "./profile/target.ts";

const table = defineTable({
  command: "hayate serve profile",
  summary: "CPU profile of a running worker of hayate serve, as a .cpuprofile",
  usage: ["[--seconds N] [--output FILE] PID"],
  description: [
    "PID is a worker (hayate serve status lists them), or hayate serve itself where it has no " +
    "master. Run it as the same user. The file opens in the developer tools of Chrome, in VS Code " +
    "and in speedscope. The worker goes on serving.",
  ],
  operands: { name: "PID", min: 1, max: 1, help: "The worker's process." },
  options: [
    {
      long: "seconds",
      kind: "number",
      min: 0.1,
      max: secondsMax,
      default: 10,
      placeholder: "N",
      help: "How long to sample.",
    },
    {
      long: "interval",
      key: "intervalUs",
      kind: "integer",
      min: 100,
      max: 100_000,
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
  examples: [{ run: "hayate serve profile --seconds 30 4711", about: "half a minute" }],
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
    if (!/^[1-9]\d{0,8}$/.test(operands[0])) throw new UsageError([`${operands[0]}: not a PID`]);
    const pid = Number(operands[0]);
    const uid = Deno.uid() ?? -1;
    const target = readProcess(pid, uid, signalNumber(profileSignal));
    if (typeof target === "string") throw new StartError(target);
    const files = prepare(target, uid);
    const { seconds, intervalUs } = values;
    const text = await ask(files, pid, { id: randomId(), seconds, intervalUs });
    await write(values.output ?? `hayate-${pid}.cpuprofile`, text);
    return 0;
  },
};

/** Makes the folder where the worker looks for requests. */
function prepare({ innerPid, root }: ProfiledProcess, uid: number): ProfileFiles {
  const faults: string[] = [];
  for (const files of ProfileFiles.places(innerPid, uid, root)) {
    try {
      makeFolder(files.folder);
      if (files.isPrivate(uid)) return files;
      faults.push(`${files.folder} is not ours alone`);
    } catch (error) {
      faults.push(`${files.folder}: ${systemReason(error)}`);
    }
  }
  throw new StartError(`no folder for the request: ${faults.join("; ")}`);
}

function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** Another command may be using it. */
function removeFolder(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Not over that of another command, which the worker reads within moments. */
function writeRequest(path: string, pid: number, request: ProfileRequest): void {
  try {
    Deno.writeTextFileSync(path, JSON.stringify(request), { mode: 0o600, createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new StartError(
      `process ${pid}: another profile is asked for; remove ${path} if nobody waits for one`,
    );
  }
}

async function ask(files: ProfileFiles, pid: number, request: ProfileRequest): Promise<string> {
  const answer = files.answerTo(request);
  writeRequest(files.request, pid, request);
  try {
    if (!sendSignal(pid, profileSignal)) throw new StartError(`process ${pid}: it has ended`);
    const endMs = performance.now() + 1000 * request.seconds + patienceMs;
    while (performance.now() < endMs) {
      const text = take(answer.profile);
      if (text !== null) return text;
      const fault = take(answer.fault);
      if (fault !== null) throw new StartError(`process ${pid}: ${fault.trim()}`);
      if (!processExists(pid)) throw new StartError(`process ${pid}: it has ended`);
      await delay(pollMs);
    }
    throw new StartError(`process ${pid}: no answer; a handler may block its event loop`);
  } finally {
    remove(files.request);
    removeFolder(files.folder);
  }
}

/** The text of a complete file, which is removed; null: it is not there yet. */
function take(path: string): string | null {
  try {
    const text = Deno.readTextFileSync(path);
    Deno.removeSync(path);
    return text;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function remove(path: string): void {
  take(path);
}

async function write(path: string, text: string): Promise<void> {
  const out = standardSink("stdout");
  if (path === "-") out.buffer.text(text);
  else {
    try {
      Deno.writeTextFileSync(path, text);
    } catch (error) {
      throw new StartError(`${path}: ${systemReason(error)}`);
    }
    out.buffer.text(`wrote ${path}`);
  }
  out.endLine();
  await out.close();
}

/** Test-runs a binary: directly on its own CPU, else under qemu's user mode. */
import { version } from "../../mod/base/version.ts";
import type { Cpu } from "../denort.ts";
import { emulatorFor } from "./emulator.ts";

/** Timeout: under qemu, V8 takes seconds to start. */
const patienceMs = 120_000;
const requestCount = 20;
const body = "tried";

/**
 * Starts the binary, serves with it on both reactors, sends a request and loads it with itself.
 * Returns what was done, or why nothing could be run. Throws when the binary does not work.
 */
export async function tryProgram(path: string, cpu: Cpu): Promise<string> {
  const emulator = await emulatorFor(cpu);
  if (typeof emulator === "string") return `not run: ${emulator}`;
  const command = [...emulator, path];
  const said = (await run(command, ["--version"])).trim();
  if (said !== `hayate ${version}`) throw new Error(`${path} --version says ${said}`);
  for (const reactor of ["epoll", "portable"]) await serveAndLoad(command, reactor);
  const how = command.length === 1 ? "here" : `under ${command[0]}`;
  return `ran ${how}: --version, serve and load on both reactors`;
}

async function serveAndLoad(command: readonly string[], reactor: string): Promise<void> {
  const env = { HAYATE_REACTOR: reactor };
  const args = ["serve", "--workers", "1", "--host", "127.0.0.1", "--port", "0", "--text", body];
  const server = new Deno.Command(command[0], {
    args: [...command.slice(1), ...args],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => server.kill("SIGKILL"), patienceMs);
  try {
    const url = await listeningUrl(server.stderr);
    const answer = await (await fetch(url)).text();
    if (answer !== body) throw new Error(`serve on ${reactor} answers ${JSON.stringify(answer)}`);
    const report = await run(command, ["load", "-n", `${requestCount}`, "--json", "-", url], env);
    const [loaded] = JSON.parse(report).runs;
    if (loaded.requestsAnswered !== requestCount || loaded.requestsFailed !== 0) {
      throw new Error(`load on ${reactor}: ${loaded.requestsAnswered} of ${requestCount} answered`);
    }
  } finally {
    server.kill("SIGTERM");
    await server.status;
    clearTimeout(timer);
  }
}

/** Reads the log up to the address, then keeps reading so that the server never blocks on it. */
async function listeningUrl(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`serve did not start: ${text.trim()}`);
    text += value;
    const url = /listening on (http:\S+)/.exec(text)?.[1];
    if (url === undefined) continue;
    void drain(reader);
    return url;
  }
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}

async function run(
  command: readonly string[],
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command[0], {
    args: [...command.slice(1), ...args],
    env,
    stdin: "null",
    signal: AbortSignal.timeout(patienceMs),
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`${command.join(" ")} ${args[0]}: ${decoder.decode(stderr).trim()}`);
}

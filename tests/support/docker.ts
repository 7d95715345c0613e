/** A Docker Engine and containers of the image, for the tests of tests/image. */
import { assertEquals } from "@std/assert";
import { runProgram, sleep } from "./binary.ts";
import type { ChildResult } from "./child.ts";
import { rawExchange, tcp } from "./raw_socket.ts";

/** The image under test. */
export const image: string = Deno.env.get("HAYATE_IMAGE") ?? "hayate";

const waitMs = 20_000;
let containerCount = 0;

/** A running container of the image; `await using` removes it. */
export interface Container extends AsyncDisposable {
  readonly name: string;
  logs(): Promise<string>;
  waitForLog(pattern: RegExp): Promise<void>;
  /** Sends HUP and waits for the next generation. */
  hup(): Promise<void>;
}

/** Starts a container of the image in the background. */
export async function startContainer(
  flags: readonly string[],
  command: readonly string[],
  network = "host",
): Promise<Container> {
  const name = `hayate-test-${Deno.pid}-${++containerCount}`;
  await docker("run", "-d", "--network", network, "--name", name, ...flags, image, ...command);
  const logs = async () => {
    const { stdout, stderr } = await runProgram("docker", ["logs", name]);
    return stdout + stderr;
  };
  const waitForLog = (pattern: RegExp) =>
    waitUntil(`${pattern} in the log`, async () => pattern.test(await logs()));
  return {
    name,
    logs,
    waitForLog,
    async hup() {
      await docker("kill", "--signal=HUP", name);
      await waitForLog(/new worker is now running/);
    },
    async [Symbol.asyncDispose]() {
      await docker("rm", "-f", "-v", name);
    },
  };
}

/** Runs a container to its end. */
export async function runContainer(
  flags: readonly string[],
  command: readonly string[],
): Promise<ChildResult> {
  const name = `hayate-test-${Deno.pid}-${++containerCount}`;
  const args = ["run", "--rm", "--network", "host", "--name", name, ...flags, image, ...command];
  try {
    return await runProgram("docker", args, { waitTimeoutMs: waitMs, stopTimeoutMs: waitMs });
  } finally {
    // Already removed, unless the container did not end.
    await runProgram("docker", ["rm", "-f", name]);
  }
}

/** Runs `docker ARGS...`, which must succeed; returns its standard output, trimmed. */
export async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram("docker", args, { waitTimeoutMs: 120_000 });
  assertEquals(code, 0, `docker ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** The status of `GET /` on the host's port. */
export async function statusOf(port: number): Promise<number> {
  const answer = await rawExchange(tcp(port), "GET / HTTP/1.0\r\nHost: a\r\n\r\n", {
    idleMs: waitMs,
  });
  return Number(answer.slice(9, 12));
}

/** A free port that ends in 443: the appliance uses TLS there. */
export function freeTlsPort(): number {
  for (let port = 10_443; port < 65_000; port += 1000) {
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("Cannot find a free port that ends in 443");
}

/** Waits for a response: a supervisor listens before its first generation serves. */
export async function waitForAnswer(port: number): Promise<void> {
  await waitUntil(`an answer on ${port}`, async () => {
    const { code } = await runProgram("curl", [
      "-s",
      "-o",
      "/dev/null",
      `http://127.0.0.1:${port}/`,
    ]);
    return code === 0;
  });
}

/** Asks ten times a second until it is so; throws after `timeoutMs`. */
export async function waitUntil(
  what: string,
  isTrue: () => Promise<boolean>,
  timeoutMs = waitMs,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!await isTrue()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(100);
  }
}

/** An h2o.conf whose site redirects every request, on `port`. */
export function site(port: number): string {
  return `listen:
  port: ${port}
  host: 0.0.0.0
hosts:
  default:
    paths:
      /:
        redirect: http://elsewhere.example/
`;
}

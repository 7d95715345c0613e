/**
 * Two overlapping generations of `hayate serve --reuse-port`, each with its own socket, replaced by
 * HUP while `ab` opens a connection per request. Shared by experiments 5 and 6.
 */
import { binaryPath, root } from "../../tests/support/binary.ts";
import { Child, sleep } from "../../tests/support/child.ts";
import { freePort } from "../../tests/support/ports.ts";
import { findPeer } from "../../tests/support/peers.ts";
import { tcp } from "../../tests/support/raw_socket.ts";
import { findImageEngine, imageTag } from "./appliance.ts";
import type { Lab } from "./lab.ts";

/** ab's counts. */
export interface AbReport {
  readonly complete: number;
  readonly failed: number;
  /** `Connect: 0, Receive: 0, Length: 0, Exceptions: 0` when requests failed. */
  readonly causes: string;
  readonly requestsPerSecond: number;
}

/** The supervisor of the pair and its port. */
export interface Pair {
  readonly supervisor: Child;
  readonly port: number;
}

/** Starts the supervisor with containers or plain processes. */
export async function startPair(lab: Lab): Promise<Pair> {
  const port = freePort();
  const engine = await findImageEngine(lab);
  if (engine !== null) lab.note(`in containers of the image ${imageTag}, run by ${engine}`);
  const serve = ["serve", "--reuse-port", "--workers", "1", "--port", `${port}`, "--text", "hello"];
  const command = engine === null
    ? [binaryPath, ...serve]
    : [`${root}/scripts/experiments/in_container.sh`, engine, imageTag, ...serve];
  const supervisor = lab.startHayate(["supervise", ...readiness(port), "--", ...command], {
    // The supervisor detects that the next generation listens, so waiting longer gains nothing.
    env: { KILL_OLD_DELAY: "0", PORTS: "" },
    stopTimeoutMs: 20_000,
    waitTimeoutMs: 30_000,
  });
  await supervisor.waitForSocket(tcp(port));
  await supervisor.waitForLine(/supervises/);
  return { supervisor, port };
}

/**
 * A container does not report when it listens. The original assumed five seconds; here the
 * supervisor counts the port's sockets: one for the first generation, two during a change.
 */
function readiness(port: number): string[] {
  const listening = `:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  const count = `grep -c '${listening}' /proc/net/tcp`;
  return ["--ready-exec", `test $(${count}) -ge $((SERVER_STARTER_GENERATION > 1 ? 2 : 1))`];
}

/** Sends `restarts` HUPs while ab loads `port`; returns ab's counts for the whole time. */
export async function restartUnderAb(
  lab: Lab,
  { supervisor }: Pair,
  port: number,
  restarts: number,
): Promise<AbReport> {
  const path = findPeer("ab");
  if (path === null) throw new Error("ab is missing: apt-get install apache2-utils");
  // The number is never reached: INT ends ab, which then prints its counts.
  const args = ["-rld", "-c", "20", "-n", "100000000", `http://127.0.0.1:${port}/`];
  await using ab = new Child(path, args);
  await sleep(500);
  for (let restart = 1; restart <= restarts; restart++) {
    const [listening, ended] = [listeningCount(supervisor), killedCount(supervisor)];
    supervisor.kill("SIGHUP");
    await supervisor.waitUntil(
      "the end of the old generation",
      () => killedCount(supervisor) > ended ? true : null,
    );
    if (listeningCount(supervisor) === listening) {
      throw new Error("the new container did not listen before the old one was signalled to end");
    }
    lab.say(`restart ${restart} of ${restarts}`);
  }
  await sleep(500);
  ab.kill("SIGINT");
  const result = await ab.result();
  return readAbReport(result.stdout);
}

/** Old workers whose end the supervisor has logged. */
function killedCount(supervisor: Child): number {
  return (supervisor.stdout + supervisor.stderr).split(/old worker \d+ died/).length - 1;
}

/** Generations that have logged that they listen. */
function listeningCount(supervisor: Child): number {
  return (supervisor.stdout + supervisor.stderr).split("] listening on ").length - 1;
}

/** Parses ab's report. Throws when it is not one. */
export function readAbReport(text: string): AbReport {
  const complete = text.match(/^Complete requests:\s*(\d+)/m);
  const failed = text.match(/^Failed requests:\s*(\d+)/m);
  if (complete === null || failed === null) {
    throw new Error(`Cannot read ab's report: ${JSON.stringify(text.slice(-300))}`);
  }
  return {
    complete: Number(complete[1]),
    failed: Number(failed[1]),
    causes: text.match(/\((Connect: .*)\)/)?.[1] ?? "",
    requestsPerSecond: Number(text.match(/^Requests per second:\s*([\d.]+)/m)?.[1] ?? 0),
  };
}

/** `12 of 345,678 (0.035 per 1,000)`. */
export function lossText({ failed, complete }: AbReport): string {
  const per = failed === 0 ? "" : ` (${(failed / complete * 1e5).toFixed(1)} in 100,000)`;
  return `${failed} of ${complete.toLocaleString("en")}${per}`;
}

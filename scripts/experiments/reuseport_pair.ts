/**
 * Two overlapping generations of `hayate serve --reuse-port`, each with a socket of its own, changed
 * by HUP while `ab` makes a connection for each request: what experiments 5 and 6 share.
 */
import { binaryPath, root } from "../../tests/support/binary.ts";
import { Child, sleep } from "../../tests/support/child.ts";
import { freePort } from "../../tests/support/ports.ts";
import { findPeer } from "../../tests/support/peers.ts";
import { tcp } from "../../tests/support/raw_socket.ts";
import { findImageEngine, imageTag } from "./appliance.ts";
import type { Lab } from "./lab.ts";

/** What ab counted. */
export interface AbReport {
  readonly complete: number;
  readonly failed: number;
  /** `Connect: 0, Receive: 0, Length: 0, Exceptions: 0` where some failed. */
  readonly causes: string;
  readonly requestsPerSecond: number;
}

/** The supervisor of the pair and its port. */
export interface Pair {
  readonly supervisor: Child;
  readonly port: number;
}

/** Starts the supervisor in front of containers, or of plain processes. */
export async function startPair(lab: Lab): Promise<Pair> {
  const port = freePort();
  const engine = await findImageEngine(lab);
  if (engine !== null) lab.note(`in containers of the image ${imageTag}, run by ${engine}`);
  const serve = ["serve", "--reuse-port", "--workers", "1", "--port", `${port}`, "--text", "hello"];
  const command = engine === null
    ? [binaryPath, ...serve]
    : [`${root}/scripts/experiments/in_container.sh`, engine, imageTag, ...serve];
  const supervisor = lab.startHayate(["supervise", ...readiness(port), "--", ...command], {
    // The supervisor sees that the next generation listens: nothing is gained by waiting longer.
    env: { KILL_OLD_DELAY: "0", PORTS: "" },
    stopTimeoutMs: 20_000,
    waitTimeoutMs: 30_000,
  });
  await supervisor.waitForSocket(tcp(port));
  await supervisor.waitForLine(/supervises/);
  return { supervisor, port };
}

/**
 * A container tells nobody when it listens. The original guessed five seconds; here the supervisor
 * looks for the port's sockets: one for the first generation, two while a change goes on.
 */
function readiness(port: number): string[] {
  const listening = `:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  const count = `grep -c '${listening}' /proc/net/tcp`;
  return ["--ready-exec", `test $(${count}) -ge $((SERVER_STARTER_GENERATION > 1 ? 2 : 1))`];
}

/** HUPs `restarts` times while ab loads `port`; what ab counted over all of them. */
export async function restartUnderAb(
  lab: Lab,
  { supervisor }: Pair,
  port: number,
  restarts: number,
): Promise<AbReport> {
  const path = findPeer("ab");
  if (path === null) throw new Error("ab is missing: apt-get install apache2-utils");
  // The number is never reached: INT ends ab, and it prints what it has counted.
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
      throw new Error("the new container did not listen before the old one was told to end");
    }
    lab.say(`restart ${restart} of ${restarts}`);
  }
  await sleep(500);
  ab.kill("SIGINT");
  const result = await ab.result();
  return readAbReport(result.stdout);
}

/** Old workers whose end the supervisor has told. */
function killedCount(supervisor: Child): number {
  return (supervisor.stdout + supervisor.stderr).split(/old worker \d+ died/).length - 1;
}

/** Generations that have told that they listen. */
function listeningCount(supervisor: Child): number {
  return (supervisor.stdout + supervisor.stderr).split("] listening on ").length - 1;
}

/** Reads ab's own table. Throws when it is none. */
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

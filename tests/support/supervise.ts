/** Starting supervisors for tests, and asking them. */
import { binaryPath, Child, type ChildOptions, childPids } from "./binary.ts";
import type { TempFolder } from "./ports.ts";
import { parseStatus, type StatusLine } from "../../mod/process/files/status_file.ts";

/** A supervisor with its files in a folder of its own. */
export class Supervised {
  readonly pidFile: string;
  readonly statusFile: string;

  constructor(readonly child: Child, folder: TempFolder) {
    this.pidFile = `${folder.path}/pid`;
    this.statusFile = `${folder.path}/status`;
  }

  /** The status file's lines, by generation; empty where there is no file yet. */
  status(): StatusLine[] {
    return readStatus(this.statusFile);
  }

  /** Waits until the status file holds exactly these generations; returns its lines. */
  async waitForGenerations(...generations: number[]): Promise<StatusLine[]> {
    const wanted = generations.join(" ");
    return await this.child.waitUntil(`the generations ${wanted}`, () => {
      const lines = this.status();
      return lines.map(({ generation }) => generation).join(" ") === wanted ? lines : null;
    });
  }

  /** What the supervisor printed, without the workers' lines. */
  lines(): string[] {
    return this.child.stderr.split("\n").filter((line) => line !== "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
  }
}

/** The lines of a status file, by generation. */
export function readStatus(path: string): StatusLine[] {
  try {
    return parseStatus(Deno.readTextFileSync(path)).sort((a, b) => a.generation - b.generation);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Starts `hayate supervise` with a pid file and a status file in `folder`. */
export function startSupervised(
  folder: TempFolder,
  args: readonly string[],
  options: ChildOptions = {},
): Supervised {
  const files = ["--pid-file", `${folder.path}/pid`, "--status-file", `${folder.path}/status`];
  const child = new Child(binaryPath, ["supervise", ...files, ...args], options);
  return new Supervised(child, folder);
}

/** A link named `start_server` to the program under test. */
export async function startServerLink(folder: TempFolder): Promise<string> {
  const link = `${folder.path}/start_server`;
  await Deno.symlink(binaryPath, link);
  return link;
}

/** Live processes below `pid` with the pid itself: what a leak test compares. */
export function processCount(pid: number): number {
  return childPids(pid).length;
}

/** A worker without a port: writes its generation to a file, then waits. */
export const sleeper: readonly string[] = ["sh", "-c", "exec sleep 1000"];

/** The environment that a process was started with. */
export function environmentOf(pid: number): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const pair of Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0")) {
    const equals = pair.indexOf("=");
    if (equals > 0) variables[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return variables;
}

/** True while the process lives; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs the program that records in its roles, as users start them, up to a first answer. */
import type { Recording } from "./recorder.ts";

/** How long a role may take to answer and to end; under qemu, V8 takes seconds to start. */
const patienceMs = 120_000;
const pollMs = 10;

/** What a run of a role has left. */
export interface Recorded extends Recording {
  readonly role: string;
  /** null: the role had no group yet. */
  readonly cache: Uint8Array | null;
}

/** What every role answers with. */
const body = "recorded";
const appText = `export default { fetch: () => new Response("${body}") };\n`;

/**
 * Runs all roles. `command`: the words that start the program that records. Where a role was run
 * in more than one way, the last is the one whose cache counts.
 */
export async function warmUp(command: readonly string[]): Promise<Recorded[]> {
  const folder = await Deno.makeTempDir({ prefix: "hayate-recording-" });
  try {
    // The proxy, started as root, writes as another user.
    await Deno.chmod(folder, 0o777);
    await Deno.writeTextFile(`${folder}/app.js`, appText);
    await Deno.chmod(`${folder}/app.js`, 0o644);
    const run = new Runs(command, folder);
    const text = await run.record("text", () => serveOnce(run, "--text", body));
    const app = await run.record("app", () => serveOnce(run, `${folder}/app.js`));
    const rest = await run.record("rest", () => proxyAndLoad(run, folder));
    return [...text, ...app, ...rest];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function serveOnce(run: Runs, ...what: string[]): Promise<void> {
  const port = freePort();
  const place = ["--workers", "1", "--host", "127.0.0.1", "--port", `${port}`];
  await run.serve(["serve", ...what, ...place], port);
}

async function proxyAndLoad(run: Runs, folder: string): Promise<void> {
  await using origin = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(body),
  );
  const target = `http://127.0.0.1:${origin.addr.port}/`;
  const configuration = `${folder}/h2o.conf`;
  await Deno.writeTextFile(
    configuration,
    `hosts:\n  default:\n    paths:\n      /:\n        proxy.reverse.url: ${target}\n`,
  );
  await Deno.chmod(configuration, 0o644);
  const port = freePort();
  await run.serve(["supervise", "--port", `127.0.0.1:${port}`, "proxy", "-c", configuration], port);
  // A thread is recorded after a tenth of a second, its process by the end of the run.
  await run.finish(["load", "-q", "-c", "2", "-t", "2", "-d", "1", target]);
  await run.finish(["load", "-q", "-c", "2", "-t", "2", "-n", "20", target]);
}

class Runs {
  readonly #command: readonly string[];
  readonly #folder: string;
  #into = "";

  constructor(command: readonly string[], folder: string) {
    this.#command = command;
    this.#folder = folder;
  }

  /** What the programs have recorded that `act` runs. */
  async record(name: string, act: () => Promise<void>): Promise<Recorded[]> {
    this.#into = `${this.#folder}/${name}`;
    await Deno.mkdir(this.#into);
    await Deno.chmod(this.#into, 0o777);
    await act();
    const roles = Array.from(Deno.readDirSync(this.#into), (entry) => entry.name)
      .filter((each) => each.endsWith(".json")).map((each) => each.slice(0, -".json".length))
      .sort();
    return roles.map((role) => {
      const recording: Recording = JSON.parse(Deno.readTextFileSync(`${this.#into}/${role}.json`));
      return { role, ...recording, cache: readOrNull(`${this.#into}/${role}.cache`) };
    });
  }

  /**
   * Serves until one request is answered; not longer, so that no timer tells two runs from each
   * other.
   */
  async serve(args: readonly string[], port: number): Promise<void> {
    const child = this.#spawn(args);
    const said = new Response(child.stderr).text();
    const ended = child.status;
    try {
      const isOver = AbortSignal.timeout(patienceMs);
      while (!await answers(port)) {
        const early = await Promise.race([ended, pause()]);
        if (early !== undefined || isOver.aborted) throw new Error(`${args[0]} does not answer`);
      }
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`${(error as Error).message}: ${(await said).trim()}`);
    }
    child.kill("SIGTERM");
    await this.#expectSuccess(args, await ended, said);
  }

  /** Runs a command to its end. */
  async finish(args: readonly string[]): Promise<void> {
    const child = this.#spawn(args);
    const said = new Response(child.stderr).text();
    await this.#expectSuccess(args, await child.status, said);
  }

  async #expectSuccess(
    args: readonly string[],
    { success, code }: Deno.CommandStatus,
    said: Promise<string>,
  ): Promise<void> {
    if (!success) throw new Error(`${args[0]} ended with code ${code}: ${(await said).trim()}`);
  }

  #spawn(args: readonly string[]): Deno.ChildProcess {
    return new Deno.Command(this.#command[0], {
      args: [...this.#command.slice(1), ...args],
      env: { ...environment(), HAYATE_RECORD: this.#into },
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  }
}

/** Without our own variables, which would choose another reactor or format of the log. */
function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("HAYATE_")),
  );
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      headers: { connection: "close" },
    });
    return await response.text() === body;
  } catch {
    // Nothing listens yet, or the origin of a proxy does not.
    return false;
  }
}

function pause(): Promise<undefined> {
  return new Promise((wake) => setTimeout(() => wake(undefined), pollMs));
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function readOrNull(path: string): Uint8Array | null {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

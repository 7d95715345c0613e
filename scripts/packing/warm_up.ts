/** Runs the program that records in its roles, as users start them, up to a first answer. */
import type { Recording } from "./recorder.ts";

/** How long a role may take to answer and to end; under qemu, V8 takes seconds to start. */
const patienceMs = 120_000;
const pollMs = 10;

/** What a process has left. */
export interface Recorded extends Recording {
  /** Whether it has shown what its role loads at each start; else, what is loaded in some of them. */
  readonly isStart: boolean;
  /** Of the groups that it has loaded. */
  readonly caches: ReadonlyMap<string, Uint8Array>;
}

/** What every role answers with. */
const body = "recorded";
const appText = `export default { fetch: () => new Response("${body}") };\n`;

/** An app with a package, which is linked; `version` tells two of its texts from each other. */
function linkedApp(version: number): string {
  return `import { body } from "answer";
const version: number = ${version};
export default { fetch: (): Response => new Response(version > 0 ? body : "") };
`;
}

/**
 * Runs all roles. `command`: the words that start the program that records. Where a role was run
 * in more than one way, the last start is the one whose cache counts.
 */
export async function warmUp(command: readonly string[]): Promise<Recorded[]> {
  const folder = await Deno.makeTempDir({ prefix: "hayate-recording-" });
  try {
    // The proxy, started as root, writes as another user.
    await Deno.chmod(folder, 0o777);
    await Deno.writeTextFile(`${folder}/app.js`, appText);
    await Deno.chmod(`${folder}/app.js`, 0o644);
    const run = new Runs(command, folder);
    return [
      ...await run.record("text", true, () => serveOnce(run, "--text", body)),
      ...await run.record("app", true, () => serveOnce(run, `${folder}/app.js`)),
      ...await run.record("rest", true, () => proxyAndLoad(run, folder)),
      ...await run.record("linked", false, () => serveLinked(run, `${folder}/linked`)),
      ...await run.record("workers", false, () => serveOnce(run, "--text", body, "--workers", "2")),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function serveOnce(run: Runs, ...what: string[]): Promise<void> {
  const port = freePort();
  const place = ["--host", "127.0.0.1", "--port", `${port}`];
  await run.serve(["serve", "--workers", "1", ...place, ...what], port);
}

/** Links an app without what is cached, and again once it has been edited: that needs most code. */
async function serveLinked(run: Runs, folder: string): Promise<void> {
  const installed = `${folder}/node_modules/answer`;
  await Deno.mkdir(installed, { recursive: true });
  await Deno.writeTextFile(`${installed}/package.json`, `{"type":"module"}`);
  await Deno.writeTextFile(`${installed}/index.js`, `export const body = "${body}";\n`);
  for (const version of [1, 2]) {
    await Deno.writeTextFile(`${folder}/app.ts`, linkedApp(version));
    await serveOnce(run, `${folder}/app.ts`);
  }
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

  /** What the programs have recorded that `act` runs. `isStart`: see `Recorded`. */
  async record(name: string, isStart: boolean, act: () => Promise<void>): Promise<Recorded[]> {
    this.#into = `${this.#folder}/${name}`;
    await Deno.mkdir(this.#into);
    await Deno.chmod(this.#into, 0o777);
    await act();
    const files = Array.from(Deno.readDirSync(this.#into), (entry) => entry.name)
      .filter((each) => each.endsWith(".json")).sort();
    return files.map((file) => {
      const recording: Recording = JSON.parse(Deno.readTextFileSync(`${this.#into}/${file}`));
      const caches = new Map(recording.groups.map(({ key, cacheFile }) => {
        return [key, Deno.readFileSync(`${this.#into}/${cacheFile}`)];
      }));
      return { ...recording, isStart, caches };
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
      env: {
        ...environment(),
        HAYATE_RECORD: this.#into,
        XDG_CACHE_HOME: `${this.#folder}/cache`,
      },
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

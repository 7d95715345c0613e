/** Time from exec to the first response, or to the first request. */
import { freePort } from "../../../tests/support/ports.ts";
import type {
  Effort,
  GaugeConditions,
  GaugeContender,
  GaugeSetting,
  ServerSpec,
  Target,
} from "../comparison.ts";
import { targetArgs } from "../contenders/hayate_load.ts";
import { withNewer } from "../newer.ts";
import { asRoot } from "../processes.ts";
import { findProgram, whyAbsent } from "../programs.ts";

/** Starts of each program; fewer with `--quick`. */
const startsUsual = 20;
const startsQuick = 5;
const patienceMs = 5000;

const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

/** Milliseconds until a server has answered its first request. Not pinned: a start uses all cores. */
export function firstAnswer(
  text: string,
  maxMs: number,
  contenders: readonly ServerSpec[],
): GaugeSetting {
  const secondsFor = (effort: Effort) => contenders.length * startsOf(effort) * 0.2;
  return {
    text,
    goal: { max: maxMs },
    secondsFor,
    measure: (conditions) => inTurns(withNewer(contenders), conditions),
  };
}

async function inTurns(
  contenders: readonly ServerSpec[],
  { effort, progress }: GaugeConditions,
): Promise<GaugeContender[]> {
  const all = contenders.map(({ name, program }) => ({
    name,
    samples: [] as number[],
    missing: findProgram(program) === null ? whyAbsent(program) : null,
  }));
  const folder = await Deno.makeTempDir({ prefix: "hayate-bench-" });
  await Deno.chmod(folder, 0o755);
  try {
    for (let start = 0; start < startsOf(effort); start++) {
      for (const [index, spec] of contenders.entries()) {
        if (all[index].missing !== null) continue;
        progress(`${spec.name}: start ${start + 1}`);
        all[index].samples.push(await timeFirstAnswer(spec, folder));
      }
    }
    return all;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export function startsOf({ quick }: Effort): number {
  return quick ? startsQuick : startsUsual;
}

/** Starts the server in `folder`, where its files are written first, and ends it. */
export async function timeFirstAnswer(spec: ServerSpec, folder: string): Promise<number> {
  const address = { kind: "tcp", host: "127.0.0.1", port: freePort() } as const;
  const place = { folder, address, upstream: null, certificate: null, connections: 50 };
  for (const [name, text] of Object.entries(spec.files?.(place) ?? {})) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const startMs = performance.now();
  const child = new Deno.Command(findProgram(spec.program)!, {
    args: [...spec.args(place)],
    env: { ...asRoot(), ...spec.env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    while (!await answers(address.port)) {
      if (performance.now() - startMs > patienceMs) throw new Error(`${spec.name} does not answer`);
      await new Promise((wake) => setTimeout(wake, 0));
    }
    return performance.now() - startMs;
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

/** Sends one request; false when nothing listens yet. */
export async function answers(port: number): Promise<boolean> {
  let connection: Deno.TcpConn;
  try {
    connection = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
  try {
    await connection.write(request);
    return await connection.read(new Uint8Array(4096)) !== null;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return false;
    throw error;
  } finally {
    connection.close();
  }
}

/** Milliseconds until a load generator's first request arrives. */
export function firstRequest(text: string, maxMs: number): GaugeSetting {
  return {
    text,
    goal: { max: maxMs },
    secondsFor: (effort) => startsOf(effort) * 0.2,
    async measure({ effort, progress }) {
      const names = ["hayate load", "wrk"];
      const commands = [hayateCommand, wrkCommand];
      const contenders = names.map((name, index) => {
        const program = commands[index](0)[0];
        const missing = findProgram(program) === null ? whyAbsent(program) : null;
        return { name, samples: [] as number[], missing };
      });
      for (let start = 0; start < startsOf(effort); start++) {
        for (const [index, each] of contenders.entries()) {
          if (each.missing !== null) continue;
          progress(`${each.name}: start ${start + 1}`);
          each.samples.push(await timeFirstRequest(commands[index]));
        }
      }
      return contenders;
    },
  };
}

function hayateCommand(port: number): string[] {
  const address = { kind: "tcp", host: "127.0.0.1", port } as const;
  const target: Target = { address, isTls: false, folder: "" };
  return ["hayate", "load", "-q", "-c1", "-d1", ...targetArgs(target)];
}

function wrkCommand(port: number): string[] {
  return ["wrk", "-t1", "-c1", "-d1", `http://127.0.0.1:${port}/`];
}

async function timeFirstRequest(command: (port: number) => string[]): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [program, ...args] = command(listener.addr.port);
  const startMs = performance.now();
  const child = new Deno.Command(findProgram(program)!, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    // A probe connects without sending; take the first connection with data.
    while (true) {
      using connection = await listener.accept();
      if (await connection.read(new Uint8Array(4096)) !== null) return performance.now() - startMs;
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

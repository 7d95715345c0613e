/** Images and containers: size, start and memory. */
import type { GaugeContender, GaugeGoal, GaugeSetting } from "../comparison.ts";
import { ContainerPlace, pidsOf, untilOpen } from "../containers/container.ts";
import { docker, whyNoEngine } from "../containers/engine.ts";
import { type ContainerSpec, ensureImage } from "../containers/images.ts";
import { memoryOf, PinnedProcess } from "../processes.ts";
import { findProgram } from "../programs.ts";
import { clientCore } from "../test_bed.ts";
import { loadArgs } from "./load_run.ts";

const startsUsual = 10;
const startsQuick = 3;
/** Long enough for every connection to be used once all are open. */
const busySeconds = 5;
const quietSeconds = 60;

/** What each contender's `sample` measures; a contender that fails says why. */
function setting(
  text: string,
  goal: GaugeGoal | null,
  seconds: number,
  specs: readonly ContainerSpec[],
  sample: (spec: ContainerSpec, into: Sampled, quick: boolean) => Promise<void>,
): GaugeSetting {
  return {
    text,
    goal,
    secondsFor: () => specs.length * seconds,
    async measure({ effort, progress }) {
      const noEngine = await whyNoEngine();
      const all: GaugeContender[] = [];
      for (const spec of specs) {
        const sampled: Sampled = { samples: [] };
        let missing = noEngine;
        try {
          progress(`${spec.name}: image`);
          if (missing === null) await ensureImage(spec);
          progress(spec.name);
          if (missing === null) await sample(spec, sampled, effort.quick);
        } catch (error) {
          missing = (error as Error).message;
        }
        all.push({ name: spec.name, missing, ...sampled });
      }
      return all;
    },
  };
}

/** What a gauge of one contender gives. */
export interface Sampled {
  readonly samples: number[];
  note?: string;
}

/** Megabytes of the image as `docker save` writes it, compressed by gzip. */
export function imageSize(goal: GaugeGoal, specs: readonly ContainerSpec[]): GaugeSetting {
  return setting("docker save | gzip", goal, 10, specs, async ({ image }, { samples }) => {
    // Deno's own gzip makes 1.3 MB more of it than the program.
    const command = new Deno.Command("sh", {
      args: ["-c", 'docker save "$1" | gzip | wc -c', "sh", image],
      stdin: "null",
    });
    samples.push(Number(new TextDecoder().decode((await command.output()).stdout)) / 1e6);
  });
}

/** Milliseconds from `docker run` to the first answer. With vfs they contain a copy of the image. */
export function runToAnswer(specs: readonly ContainerSpec[]): GaugeSetting {
  return timed("docker run to the first answer", specs, async (place) => {
    const startMs = performance.now();
    const name = await place.create([], true);
    await docker("start", name);
    return { name, startMs };
  });
}

/** The same for a container that exists: what the engine copies for it is not counted. */
export function startToAnswer(specs: readonly ContainerSpec[]): GaugeSetting {
  return timed("docker start to the first answer", specs, async (place) => {
    const name = await place.create([], true);
    const startMs = performance.now();
    await docker("start", name);
    return { name, startMs };
  });
}

function timed(
  text: string,
  specs: readonly ContainerSpec[],
  start: (place: ContainerPlace) => Promise<{ name: string; startMs: number }>,
): GaugeSetting {
  return setting(text, null, 2 * startsUsual, specs, async (spec, { samples }, quick) => {
    await using place = await ContainerPlace.make(spec);
    for (let count = quick ? startsQuick : startsUsual; count > 0; count--) {
      const { name, startMs } = await start(place);
      await place.untilAnswer();
      samples.push(performance.now() - startMs);
      await place.remove(name);
    }
  });
}

/** Megabytes that no file backs, with `connections` kept connections of clients. */
export function containerMemory(
  connections: number,
  goal: GaugeGoal | null,
  specs: readonly ContainerSpec[],
): GaugeSetting {
  const text = connections === 0
    ? "at rest"
    : `with ${connections.toLocaleString("en")} kept connections`;
  return setting(text, goal, 4 * busySeconds, specs, async (spec, sampled) => {
    await using place = await ContainerPlace.make(spec);
    const name = await place.start();
    const client = connections === 0 ? null : await openConnections(place, name, connections);
    try {
      await new Promise((wake) => setTimeout(wake, busySeconds * 1000));
      const pids = await pidsOf(name);
      sampled.samples.push(pids.reduce((sum, pid) => sum + memoryOf(pid, "Anonymous"), 0) / 1e6);
      sampled.note = `${pids.length} processes; docker stats says ${await statsOf(name)}`;
    } finally {
      await client?.stop();
    }
  });
}

async function statsOf(name: string): Promise<string> {
  const usage = await docker("stats", "--no-stream", "--format", "{{.MemUsage}}", name);
  return usage.split(" /")[0];
}

/** Resolves when all connections are open; each has been used after `busySeconds`. */
async function openConnections(
  { port }: ContainerPlace,
  name: string,
  connections: number,
): Promise<PinnedProcess> {
  const target = {
    address: { kind: "tcp", host: "127.0.0.1", port },
    isTls: false,
    folder: "",
  } as const;
  const stages = `${busySeconds}s:${2 * connections},${quietSeconds}s:10`;
  const args = loadArgs(target, [`-c${connections}`, "-T60s", "--stages", stages]);
  const client = new PinnedProcess("hayate load", clientCore, findProgram("hayate")!, args);
  await untilOpen(name, connections);
  return client;
}

/** What clients under full load notice of a HUP, a take-over and a stop of a container. */
import type { GaugeContender, GaugeGoal, GaugeSetting, Target } from "../comparison.ts";
import { ContainerPlace, untilOpen } from "../containers/container.ts";
import { docker, whyNoEngine } from "../containers/engine.ts";
import { type ContainerSpec, ensureImage, inside } from "../containers/images.ts";
import { loadOnce, type LoadRun } from "./load_run.ts";

const connections = 50;
/** Of one run: a generation starts, and the one before it ends a second later. */
const runSeconds = 4;
const changeAfterMs = 500;
const changesUsual = 5;
const changesQuick = 2;

/** Changes a running container; resolves once it is under way. Returns the container that serves. */
type Change = (place: ContainerPlace, name: string) => Promise<string>;

const takeOverFlags = ["-e", `TAKE_OVER=${inside}/take-over.sock`];

export const changes: Readonly<Record<"HUP" | "take-over" | "stop", Change>> = {
  async HUP(_place, name) {
    await docker("kill", "--signal=HUP", name);
    return name;
  },
  async "take-over"(place, former) {
    const name = await place.create(takeOverFlags);
    await docker("start", name);
    await docker("wait", former);
    await place.remove(former);
    return name;
  },
  async stop(_place, name) {
    await docker("stop", name);
    return name;
  },
};

/** What one change did to the requests of one run. */
interface Seen {
  readonly lost: number;
  readonly sent: number;
  /** 99.9th percentile of the run's latencies over that of runs without a change. */
  readonly ratio: number;
}

/** Requests that were lost, or the 99.9th percentile beside that of runs without a change. */
export function containerChange(
  kind: keyof typeof changes,
  figure: "lost" | "ratio",
  goal: GaugeGoal,
  specs: readonly ContainerSpec[],
): GaugeSetting {
  return {
    text: `${kind}, ${connections} connections at full load`,
    goal,
    secondsFor: ({ quick }) =>
      specs.length * 3 * runSeconds * (quick ? changesQuick : changesUsual),
    async measure({ effort, progress }) {
      const noEngine = await whyNoEngine();
      const all: GaugeContender[] = [];
      for (const spec of specs) {
        const { name } = spec;
        progress(name);
        if (noEngine !== null) {
          all.push({ name, samples: [], missing: noEngine });
          continue;
        }
        try {
          const seen = await observe(kind, spec, effort.quick ? changesQuick : changesUsual);
          const sent = seen.reduce((sum, each) => sum + each.sent, 0);
          const note = `of ${sent.toLocaleString("en")} over ${seen.length} changes`;
          const samples = seen.map((each) => each[figure]);
          all.push({ name, samples, missing: null, ...(figure === "lost" ? { note } : {}) });
        } catch (error) {
          all.push({ name, samples: [], missing: (error as Error).message });
        }
      }
      return all;
    },
  };
}

async function observe(
  kind: keyof typeof changes,
  spec: ContainerSpec,
  count: number,
): Promise<Seen[]> {
  await ensureImage(spec);
  await using place = await ContainerPlace.make(spec);
  const flags = kind === "take-over" ? takeOverFlags : [];
  const address = { kind: "tcp", host: "127.0.0.1", port: place.port } as const;
  const target: Target = { address, isTls: false, folder: "" };
  const load = () => loadOnce(target, [`-c${connections}`, `-d${runSeconds}s`]);
  const seen: Seen[] = [];
  let name = await place.start(flags);
  await load();
  for (let change = 0; change < count; change++) {
    const steady = await load();
    const running = load();
    await untilOpen(name, connections);
    await new Promise((wake) => setTimeout(wake, changeAfterMs));
    [name] = await Promise.all([changes[kind](place, name), running]);
    const changed = await running;
    seen.push({
      lost: lostOf(changed),
      sent: changed.requestsSent,
      ratio: slowestOf(changed) / slowestOf(steady),
    });
    if (kind !== "stop") continue;
    await place.remove(name);
    name = await place.start(flags);
    await load();
  }
  return seen;
}

function slowestOf({ latency }: LoadRun): number {
  return latency.percentilesUs["p99.9"];
}

/** Connections that are refused after a stop were never accepted. */
export function lostOf({ requestsFailed, failures }: LoadFailures): number {
  return failures.reduce(
    (rest, { kind, count }) => kind === "refused" ? rest - count : rest,
    requestsFailed,
  );
}

type LoadFailures = Pick<LoadRun, "requestsFailed" | "failures">;

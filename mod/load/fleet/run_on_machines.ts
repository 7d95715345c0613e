/** `hayate load --on`: one run of several machines, and one report. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { getVariable } from "../../process/environment.ts";
import { addSignalListener, isIgnored, sendSignal } from "../../process/signals/signals.ts";
import { clearLine } from "../report/report_progress.ts";
import { writeStderr } from "../report/outputs.ts";
import type { LoadPlan } from "../plan/plan.ts";
import type { FleetPlan } from "../plan/place.ts";
import { readUrls } from "../plan/prepare.ts";
import { showsProgress } from "../run/progress.ts";
import { LoadRuns, terminatedCode } from "../run/runs.ts";
import type { MainScript } from "../run/main_script.ts";
import { Fleet } from "./fleet.ts";
import type { Machines } from "./wire/link.ts";

/** Resolves to the exit code. Throws `StartError` when the machines cannot run it. */
export async function runOnMachines(
  plan: LoadPlan,
  fleetPlan: FleetPlan,
  argv: readonly string[],
): Promise<number> {
  const script = await openScript(plan);
  const machines = await openMachines(fleetPlan, saying(plan));
  const shownUrl = plan.targets[0]?.text ?? readUrls(plan.urlsFile!, plan)[0].target.text;
  const reactor = getVariable("HAYATE_REACTOR") ?? "";
  const fleet = new Fleet(plan, fleetPlan, { shownUrl, reactor, say: saying(plan) });
  const interrupted = new Interruption(script);
  const forgetHangUp = endOnHangUp();
  try {
    await interrupted.orDone(() => fleet.gather(machines));
    await interrupted.orDone(() =>
      fleet.prepare(async (threadCount) => await script?.setup(threadCount) ?? [])
    );
    interrupted.forget();
    const code = await new LoadRuns(plan, fleet, argv, script).run();
    const isOurs = code === exitCodes.ok || code === exitCodes.threshold;
    return isOurs && fleet.lostTooMany ? exitCodes.failed : code;
  } finally {
    interrupted.forget();
    forgetHangUp();
    fleet.close();
    await machines.close();
  }
}

/** Lines to the user, beside the line of progress. */
function saying(plan: LoadPlan): (line: string) => void {
  const start = showsProgress(plan) ? clearLine : "";
  return (line) => {
    if (!plan.output.quiet) writeStderr(`${start}hayate load: ${line}\n`);
  };
}

async function openScript(plan: LoadPlan): Promise<MainScript | null> {
  if (plan.script === null) return null;
  const { MainScript } = await import("../run/main_script.ts");
  const script = new MainScript(plan, plan.script);
  await script.load();
  return script;
}

async function openMachines(plan: FleetPlan, say: (line: string) => void): Promise<Machines> {
  const { place, image, engineWords } = plan;
  if (place.kind === "ssh") {
    const { SshMachines } = await import("./places/ssh.ts");
    return new SshMachines(place.hosts, engineWords, say);
  }
  if (place.kind === "swarm") {
    const { SwarmMachines } = await import("./places/swarm/swarm.ts");
    return new SwarmMachines({ count: place.count, image, words: engineWords, say });
  }
  const { KubernetesMachines } = await import("./places/kubernetes.ts");
  return new KubernetesMachines(place.count, image, engineWords, say);
}

/** A closed terminal ends the machines as TERM does, unless nohup has made it harmless. */
function endOnHangUp(): () => void {
  if (isIgnored("HUP")) return () => {};
  return addSignalListener("HUP", () => void sendSignal(Deno.pid, "TERM"));
}

/** Ctrl-C and TERM before the run: what was started must be removed again. */
class Interruption {
  readonly #script: MainScript | null;
  readonly #removers: (() => void)[];
  #reject: (error: StartError) => void = () => {};

  constructor(script: MainScript | null) {
    this.#script = script;
    const codes = { INT: exitCodes.interrupted, TERM: terminatedCode };
    this.#removers = Object.entries(codes).map(([name, code]) =>
      addSignalListener(name, () => this.#end(code))
    );
  }

  /** Does `act`; rejects with `StartError` when the user interrupts it. */
  async orDone<T>(act: () => Promise<T>): Promise<T> {
    const ended = new Promise<never>((_, reject) => this.#reject = reject);
    return await Promise.race([act(), ended]);
  }

  forget(): void {
    for (const remove of this.#removers.splice(0)) remove();
  }

  #end(code: number): void {
    this.#script?.interrupt(code);
    this.#reject(new StartError("interrupted before the run", code));
  }
}

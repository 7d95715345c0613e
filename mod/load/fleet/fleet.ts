/** All machines of a run: gathers them, gives each its share, and runs them together. */
import { StartError } from "../../base/errors.ts";
import { delay } from "../../std/async.ts";
import { formatDuration } from "../../std/duration.ts";
import type { LoadPlan } from "../plan/plan.ts";
import type { FleetPlan } from "../plan/place.ts";
import type { ScriptPlan } from "../plan/thread_plan.ts";
import type { EnvironmentJson } from "../report/json/report_json.ts";
import type { RunSource } from "../run/runs.ts";
import type { Interval } from "../stats/result.ts";
import { FleetRun } from "./fleet_run.ts";
import { packParcel, parcelMessages } from "./parcel.ts";
import { type MachineEvents, RemoteMachine } from "./remote_machine.ts";
import type { Absence, Arrival, Machines } from "./wire/link.ts";
import { encodeValue } from "./wire/value.ts";

/** What a fleet needs besides its plan. */
export interface FleetContext {
  /** The URL in the first line of the report. */
  readonly shownUrl: string;
  /** Value of HAYATE_REACTOR. */
  readonly reactor: string;
  /** Says to the user what happens, in a line. */
  readonly say: (line: string) => void;
}

/** The first threads of the machines, and how many there are in all. */
interface Split {
  readonly scripts: readonly ScriptPlan[];
  readonly total: number;
}

export class Fleet implements MachineEvents, RunSource {
  readonly shownUrl: string;
  readonly #plan: LoadPlan;
  readonly #fleetPlan: FleetPlan;
  readonly #context: FleetContext;
  readonly #machines: RemoteMachine[] = [];
  /** Position of each in `--on`. */
  readonly #places = new Map<RemoteMachine, number>();
  #lostCount = 0;
  #run: FleetRun | null = null;
  #isFirst = true;
  #isClosed = false;

  constructor(plan: LoadPlan, fleetPlan: FleetPlan, context: FleetContext) {
    this.#plan = plan;
    this.#fleetPlan = fleetPlan;
    this.#context = context;
    this.shownUrl = context.shownUrl;
  }

  /** Machines that are there. */
  get present(): readonly RemoteMachine[] {
    return this.#machines.filter(({ lost }) => lost === null);
  }

  get threads(): number {
    return this.present.length * this.#plan.threads;
  }

  /** More machines are lost than the user allows. */
  get lostTooMany(): boolean {
    return this.#lostCount > this.#fleetPlan.lostMax;
  }

  /** Waits until every machine has come or is known not to. Throws `StartError` when too many have not. */
  async gather(machines: Machines): Promise<void> {
    const arrivals = await machines.gather();
    let isOver = false;
    const waiting = new Set(arrivals);
    const greeted = arrivals.map(async (promise, index) => {
      const arrival = await promise;
      if (!isOver && !this.#isClosed) await this.#admit(arrival, index);
      waiting.delete(promise);
    });
    await Promise.race([Promise.all(greeted), delay(this.#fleetPlan.gatherMs)]);
    isOver = true;
    // The order of the command line, whoever came first.
    this.#machines.sort((a, b) => this.#places.get(a)! - this.#places.get(b)!);
    for (let missing = waiting.size; missing > 0; missing--) this.#miss(machines.waitingFor());
    this.#failIfTooFew();
  }

  /** Sends each machine the files and its share. Throws `StartError` when too many cannot take it. */
  async prepare(
    makeScripts: (threadCount: number) => Promise<readonly ScriptPlan[]>,
  ): Promise<void> {
    const split = { scripts: await makeScripts(this.threads), total: this.threads };
    const parcel = packParcel(this.#plan);
    await Promise.all(this.present.map(async (machine, index) => {
      for (const message of parcelMessages(parcel)) await machine.send(message);
      await machine.ask(this.#planMessage(parcel.folder, split, index), "prepared");
    }));
    this.#failIfTooFew();
  }

  next(): FleetRun {
    const startAtMs = this.#isFirst ? this.#plan.startAtMs : null;
    this.#isFirst = false;
    return this.#run = new FleetRun(this.present, { warmupMs: this.#plan.warmupMs, startAtMs });
  }

  describe(environment: EnvironmentJson): EnvironmentJson {
    const machines = this.#machines.filter(({ hostName }) => hostName !== "");
    return {
      ...environment,
      hostName: machines.map(({ hostName }) => hostName).join(" + "),
      cpuCount: machines.reduce((sum, { cpuCount }) => sum + cpuCount, 0),
    };
  }

  onInterval(machine: RemoteMachine, interval: Interval): void {
    this.#run?.takeInterval(machine, interval);
  }

  onLost(machine: RemoteMachine): void {
    if (this.#isClosed) return;
    this.#lostCount++;
    this.#context.say(`${machine.name} is lost: ${machine.lost}`);
    this.#run?.leave(machine);
  }

  /** Ends all machines. */
  close(): void {
    this.#isClosed = true;
    for (const machine of this.#machines) machine.close();
  }

  async #admit(arrival: Arrival | Absence, place: number): Promise<void> {
    if ("reason" in arrival) {
      this.#lostCount++;
      this.#context.say(`${arrival.name} did not come: ${arrival.reason}`);
      return;
    }
    const machine = new RemoteMachine(arrival, this);
    this.#machines.push(machine);
    this.#places.set(machine, place);
    await machine.greet();
  }

  #miss(reason: string | null): void {
    this.#lostCount++;
    const patience = formatDuration(this.#fleetPlan.gatherMs);
    this.#context.say(
      `a machine did not come within ${patience}${reason === null ? "" : `: ${reason}`}`,
    );
  }

  #failIfTooFew(): void {
    const there = this.present.length;
    if (there > 0 && !this.lostTooMany) return;
    const all = there + this.#lostCount;
    const allowed = this.#fleetPlan.lostMax;
    const least = Math.max(1, all - allowed);
    throw new StartError(
      `${there} of ${all} machines can take part, at least ${least} are needed` +
        (allowed === 0 ? " (--allow-lost)" : ""),
    );
  }

  /** `index` of the machine among those that are there. */
  #planMessage(folder: string, { scripts, total }: Split, index: number) {
    const { threads } = this.#plan;
    const first = index * threads;
    return {
      kind: "plan",
      // Names, lookups and files are the machine's own business; what is written is not.
      plan: encodeValue({ ...this.#plan, startAtMs: null, fleet: null }),
      folder,
      slice: { first, count: threads, total },
      scripts: encodeValue(
        scripts.slice(first, first + threads).map((script) => ({ ...script, stdoutTaken: true })),
      ),
      reactor: this.#context.reactor,
    } as const;
  }
}

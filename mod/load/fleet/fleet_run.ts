/** One run of several machines at once. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { delay } from "../../std/async.ts";
import type { LoadPlan } from "../plan/plan.ts";
import type { MachineShare } from "../stats/machine_share.ts";
import type { Interval, LoadResult } from "../stats/result.ts";
import type { Run, RunObserver } from "../run/load_run.ts";
import { waitForClock } from "../run/start_clock.ts";
import { measureClock } from "./clock.ts";
import type { RemoteMachine } from "./remote_machine.ts";
import { Seconds } from "./seconds.ts";
import { sumOfMachines } from "./sum.ts";
import { decodeResult } from "./wire/result_value.ts";

/** Between the message of the start and the start, besides the way there. */
const leadMs = 250;
/** How long machines may take to report after they were told to stop. */
const stopMaxMs = 10_000;

export class FleetRun implements Run {
  readonly #machines: readonly RemoteMachine[];
  readonly #warmupMs: number;
  readonly #startAtMs: number | null;
  /** Machines that have not reported. */
  readonly #awaited = new Set<RemoteMachine>();
  #seconds: Seconds<RemoteMachine> | null = null;
  #isInterrupted = false;

  /** `machines`: those that are there. `startAtMs`: null: as soon as all are ready. */
  constructor(
    machines: readonly RemoteMachine[],
    { warmupMs, startAtMs }: Pick<LoadPlan, "warmupMs" | "startAtMs">,
  ) {
    this.#machines = machines;
    this.#warmupMs = warmupMs;
    this.#startAtMs = startAtMs;
  }

  interrupt(): void {
    this.#isInterrupted = true;
    for (const machine of this.#machines) void machine.send({ kind: "stop" });
    void delay(stopMaxMs).then(() => {
      const why = `it did not stop within ${stopMaxMs / 1000} s`;
      for (const machine of this.#awaited) machine.lose(why);
    });
  }

  /** A second of a machine's run. */
  takeInterval(machine: RemoteMachine, interval: Interval): void {
    this.#seconds?.add(machine, interval);
  }

  /** The machine is lost, or has reported. */
  leave(machine: RemoteMachine): void {
    this.#awaited.delete(machine);
    this.#seconds?.remove(machine);
  }

  async run(observer: RunObserver): Promise<LoadResult> {
    for (const machine of this.#machines) this.#awaited.add(machine);
    this.#seconds = new Seconds(this.#machines, (interval) => observer.onInterval(interval));
    const results = this.#machines.map((machine) => machine.answer("result"));
    await Promise.all(this.#machines.map((machine) => machine.ask({ kind: "run" }, "ready")));
    const startAtMs = await this.#agreeOnStart();
    await waitForClock(startAtMs, () => this.#isInterrupted);
    observer.onStart();
    const shares = await Promise.all(
      this.#machines.map(async (machine, index) => {
        const answer = await results[index];
        this.leave(machine);
        const fromMs = startAtMs + this.#warmupMs;
        return shareOf(machine, answer === null ? null : answer.result, fromMs);
      }),
    );
    const known = shares.flatMap(({ result }) => result ?? []);
    if (known.length === 0) throw noneLeft(this.#machines);
    return sumOfMachines(known, shares);
  }

  /** Tells all machines when to start, each on its own clock; resolves to the time on ours. */
  async #agreeOnStart(): Promise<number> {
    await Promise.all(this.#machines.map(measureClock));
    const tripMs = Math.max(...this.#machines.map(({ clockErrorMs }) => clockErrorMs));
    const startAtMs = Math.max(this.#startAtMs ?? 0, Date.now() + leadMs + 4 * tripMs);
    for (const machine of this.#machines) {
      void machine.send({ kind: "start", atMs: startAtMs + machine.clockOffsetMs });
    }
    // A machine that was told to stop before it was ready starts and ends at once.
    if (this.#isInterrupted) this.interrupt();
    return startAtMs;
  }
}

/** `json`: of the result; null: none came. `fromMs`: when it was to begin to measure, on our clock. */
function shareOf(machine: RemoteMachine, json: unknown, fromMs: number): MachineShare {
  const { name, hostName, clockOffsetMs, clockErrorMs } = machine;
  const share = { name, hostName, clockOffsetMs, clockErrorMs };
  let result: LoadResult | null = null;
  try {
    if (json !== null) result = decodeResult(json);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    machine.lose(`it sent no result: ${error.message}`);
  }
  if (result === null) {
    return { ...share, startedLateMs: 0, lost: machine.lost ?? "it sent no result", result };
  }
  const startedMs = Date.parse(result.startedAt) - clockOffsetMs;
  return {
    ...share,
    startedLateMs: Math.max(0, startedMs - fromMs),
    lost: null,
    result: { ...result, startedAt: new Date(startedMs).toISOString() },
  };
}

function noneLeft(machines: readonly RemoteMachine[]): StartError {
  const code = machines.find(({ exitCode }) => exitCode !== exitCodes.failed)?.exitCode;
  return new StartError("all machines were lost: there is nothing to report", code);
}

/**
 * Every interleaving of start, ready, death, signals, requests and timers up to a depth, against a
 * model of the world: which processes live, which serve, which timers are armed.
 */
import { assert } from "@std/assert";
import { step } from "../../../../mod/lifecycle/core/core.ts";
import {
  type Action,
  allWorkers,
  type Event,
  initialState,
  type Settings,
  type State,
  type Timer,
  timerKey,
} from "../../../../mod/lifecycle/core/state.ts";
import { plainSettings } from "../settings.ts";

/** A model of the outside world, with the core's state. */
interface World {
  readonly state: State;
  /** Live processes by generation: whether it was ready, whether it was signalled to end. */
  readonly processes: ReadonlyMap<number, { readonly ready: boolean; readonly signalled: boolean }>;
  /** Armed timers by `timerKey`. */
  readonly timers: ReadonlyMap<string, Timer>;
  readonly stopped: boolean;
  readonly hups: number;
  /** Requests so far other than HUP and stop. */
  readonly requests: number;
  readonly exits: number;
}

type UntimedEvent = Event extends infer E ? E extends Event ? Omit<E, "nowMs"> : never : never;

const ending = new Set(["TERM", "KILL", "INT", "QUIT"]);
const requestTypes = new Set([
  "resize",
  "replace",
  "revive",
  "reopen",
  "pause",
  "resume",
  "leave",
]);

function pidOf(generation: number): number {
  return 1000 + generation;
}

function serving(world: World): number {
  let count = 0;
  for (const { ready, signalled } of world.processes.values()) if (ready && !signalled) count++;
  return count;
}

/** The most requests of `requestsOf` in one path. */
const requestsMax = 3;

/** What signals of an operator, and workers that retire, ask for; for parents that have them. */
function requestsOf({ state }: World): UntimedEvent[] {
  const count = state.slots.length;
  return [
    ...(count < 3 ? [{ type: "resize", slotCount: count + 1, redistributes: true } as const] : []),
    ...(count > 1 ? [{ type: "resize", slotCount: count - 1, redistributes: true } as const] : []),
    ...(count > 1 ? [{ type: "resize", slotCount: 1, redistributes: false } as const] : []),
    ...allWorkers(state).map(({ generation }) =>
      ({ type: "replace", generation, reason: "it is old" }) as const
    ),
    { type: "revive" },
    { type: "reopen" },
    { type: state.isPaused ? "resume" : "pause" },
    ...(state.isLeaving ? [] : [{ type: "leave" } as const]),
  ];
}

/** What can happen next. */
function enabled(world: World, settings: Settings, hasRequests: boolean): UntimedEvent[] {
  const unborn = allWorkers(world.state).find(({ pid }) => pid === 0);
  if (unborn) {
    const { generation } = unborn;
    return [
      { type: "spawned", generation, pid: pidOf(generation) },
      { type: "refused", generation, reason: "no such program", exitCode: 127 },
    ];
  }
  const events: UntimedEvent[] = [];
  for (const generation of world.processes.keys()) {
    events.push({ type: "died", generation, status: 256 });
  }
  // A worker may report readiness late, twice, or while it drains.
  if (settings.readiness === "notify") {
    for (const generation of world.processes.keys()) {
      events.push({ type: "ready", generation, pausable: true });
    }
  }
  for (const timer of world.timers.values()) events.push({ type: "timer", timer });
  if (world.exits === 0 && world.hups < 3) events.push({ type: "hup" });
  if (world.exits === 0) events.push({ type: "stop", signal: "TERM" });
  if (world.exits > 0 || !hasRequests) return events;
  if (world.requests < requestsMax) events.push(...requestsOf(world));
  return [...events, { type: "stop-at-once" }];
}

/** One event through the core and the world. */
function advance(world: World, settings: Settings, event: UntimedEvent): World {
  const frozen = JSON.stringify(world.state);
  const { state, actions } = step(settings, world.state, { ...event, nowMs: 0 } as Event);
  assert(JSON.stringify(world.state) === frozen, "the core changed its input");
  const processes = new Map(world.processes);
  const timers = new Map(world.timers);
  let { stopped, hups, requests, exits } = world;
  if (event.type === "stop" || event.type === "stop-at-once") stopped = true;
  if (event.type === "hup") hups++;
  if (requestTypes.has(event.type)) requests++;
  if (event.type === "timer") timers.delete(timerKey(event.timer));
  if (event.type === "died") processes.delete(event.generation);
  if (event.type === "spawned") {
    processes.set(event.generation, { ready: false, signalled: false });
  }
  for (const { current } of state.slots) {
    const process = current === null ? undefined : processes.get(current.generation);
    if (process !== undefined && !process.ready && current !== null) {
      processes.set(current.generation, { ...process, ready: true });
    }
  }
  for (const action of actions) exits += perform(action, processes, timers, stopped);
  return { state, processes, timers, stopped, hups, requests, exits };
}

/** Returns how often the supervisor exits by this action. */
function perform(
  action: Action,
  processes: Map<number, { ready: boolean; signalled: boolean }>,
  timers: Map<string, Timer>,
  stopped: boolean,
): number {
  switch (action.type) {
    case "spawn":
      assert(!stopped, "a worker is started after TERM");
      return 0;
    case "signal": {
      const generation = action.pid - 1000;
      const process = processes.get(generation);
      if (process === undefined) throw new Error(`a signal goes to ${action.pid}, which is dead`);
      const isEarly = action.signal === "USR1" && !process.ready && !process.signalled;
      assert(!isEarly, "USR1 would end a worker that is not ready");
      if (ending.has(action.signal)) processes.set(generation, { ...process, signalled: true });
      return 0;
    }
    case "pause":
    case "resume":
      assert(
        processes.get(action.pid - 1000)?.ready,
        `${action.type} of a worker that is not ready`,
      );
      return 0;
    case "arm":
      timers.set(timerKey(action.timer), action.timer);
      return 0;
    case "disarm":
      timers.delete(timerKey(action.timer));
      return 0;
    case "exit":
      return 1;
    default:
      return 0;
  }
}

/** What must hold after every event. */
function check(before: World, after: World, settings: Settings, event: UntimedEvent): void {
  const { state } = after;
  if (after.stopped) {
    const gone = after.processes.size === 0;
    assert(gone === (after.exits === 1), `exited ${after.exits} times, all gone: ${gone}`);
    assert(state.phase !== "running", "still running after TERM");
    for (const [key, { kind }] of after.timers) {
      assert(kind === "drain" || kind === "hurry", `${key} after TERM`);
    }
    return;
  }
  const diedServing = event.type === "died" &&
    before.processes.get(event.generation)?.signalled === false;
  if (serving(before) > 0 && !diedServing) {
    assert(serving(after) > 0, "an action of ours ended the last serving worker");
  }
  for (const [index, { current }] of before.state.slots.entries()) {
    if (current === null || diedServing || index >= state.slots.length) continue;
    assert(state.slots[index].current !== null, "an action of ours took a slot's worker");
  }
  for (const [index, slot] of state.slots.entries()) {
    const alive = [slot.current, slot.candidate, slot.previous, ...slot.draining];
    const count = alive.filter((worker) => worker !== null).length;
    assert(
      settings.generationsMax === 0 || count <= settings.generationsMax,
      `${count} generations are alive`,
    );
    const help = slot.candidate !== null ||
      after.timers.has(timerKey({ kind: "retry", slot: index })) ||
      after.timers.has(timerKey({ kind: "turn", slot: index })) ||
      (settings.firstStart === "one" && !state.anyServed && index > 0) ||
      (slot.blocked && count >= settings.generationsMax);
    assert(!slot.blocked || count >= settings.generationsMax, "a start waits, but there is room");
    if (state.phase === "running" && slot.current === null) {
      assert(help, "no start is due for an empty slot");
    }
    assert(
      slot.retryPending === after.timers.has(timerKey({ kind: "retry", slot: index })),
      "retry timer and flag disagree",
    );
    assert(
      slot.turnPending === after.timers.has(timerKey({ kind: "turn", slot: index })),
      "turn timer and flag disagree",
    );
    const due = [slot.candidate !== null, slot.retryPending, slot.turnPending, slot.blocked];
    assert(due.filter(Boolean).length <= 1, "several starts are due in one slot");
    const inWindow = slot.previous !== null && !state.restart?.keepsOld;
    assert(
      inWindow === after.timers.has(timerKey({ kind: "window", slot: index })),
      "window and timer disagree",
    );
  }
  checkRequests(after, settings);
  const known = new Set(allWorkers(state).map(({ generation }) => generation));
  for (const generation of after.processes.keys()) {
    assert(known.has(generation), `process of generation ${generation} was forgotten`);
  }
  for (const [key, timer] of after.timers) {
    if (!("generation" in timer)) continue;
    assert(known.has(timer.generation), `the timer ${key} outlived its worker`);
  }
}

function checkRequests({ state, processes, timers }: World, settings: Settings): void {
  const { slots, surplus, restart } = state;
  assert(surplus.length === 0 || restart?.keepsOld, "workers of removed slots are left over");
  const isStarting = slots.some(({ candidate }) => candidate !== null);
  assert(!state.isReviving || isStarting, "a revival waits for no start");
  const isBusy = slots.some((slot) =>
    slot.candidate !== null || slot.retryPending || slot.turnPending || slot.blocked ||
    (slot.previous !== null && !restart?.keepsOld)
  );
  assert(restart === null || isBusy, "a restart waits for nothing");
  const alive = [...processes.values()].filter(({ signalled }) => !signalled);
  const isFirst = settings.firstStart === "one" && !state.anyServed;
  assert(!isFirst || alive.length <= 1, "several workers start before one has served");
  for (const { kind, ...rest } of timers.values()) {
    assert(!("slot" in rest) || rest.slot < slots.length, `timer ${kind} of a removed slot`);
  }
}

/** Breadth first over distinct worlds. Returns how many there were. */
function explore(
  settings: Settings,
  slotCount: number,
  depthMax: number,
  hasRequests: boolean,
): number {
  const empty: World = {
    state: initialState(slotCount),
    processes: new Map(),
    timers: new Map(),
    stopped: false,
    hups: 0,
    requests: 0,
    exits: 0,
  };
  const first = advance(empty, settings, { type: "start" });
  let layer: { world: World; path: readonly string[] }[] = [{ world: first, path: [] }];
  const seen = new Set<string>();
  for (let depth = 0; depth < depthMax; depth++) {
    const next: typeof layer = [];
    for (const { world, path } of layer) {
      for (const event of enabled(world, settings, hasRequests)) {
        const trail = [...path, describe(event)];
        const after = attempt(world, settings, event, trail);
        const key = keyOf(after);
        if (seen.has(key)) continue;
        seen.add(key);
        if (after.exits === 0) next.push({ world: after, path: trail });
      }
    }
    layer = next;
  }
  return seen.size;
}

function attempt(
  world: World,
  settings: Settings,
  event: UntimedEvent,
  trail: readonly string[],
): World {
  try {
    const after = advance(world, settings, event);
    check(world, after, settings, event);
    return after;
  } catch (error) {
    throw new Error(`${(error as Error).message}\nafter: ${trail.join(", ")}`, { cause: error });
  }
}

function describe(event: UntimedEvent): string {
  if (event.type === "timer") return `timer ${timerKey(event.timer)}`;
  const { type, ...rest } = event;
  return `${type} ${Object.values(rest).join(" ")}`.trim();
}

function keyOf(world: World): string {
  return JSON.stringify([
    world.state,
    [...world.processes],
    [...world.timers.keys()].sort(),
    world.stopped,
    world.hups,
    world.requests,
  ]);
}

/** The invariant is promised for 8 events; states repeat, so more of them cost little. */
const depthMax = Number(Deno.env.get("HAYATE_TEST_DEPTH") ?? 10);

const proxyLike: Partial<Settings> = {
  signalAtOnce: "QUIT",
  readiness: "notify",
  intervalMs: 0,
  startedWith: "any",
  startFailuresMax: 1,
  firstStartFailuresMax: 1,
  freeFailures: 0,
  freeCrashes: 1,
};
const serveLike: Partial<Settings> = { ...proxyLike, firstStart: "one", drainTimeoutMs: 31_000 };
const spawnInterval: Partial<Settings> = { ...serveLike, spawnIntervalMs: 500 };

const variants: readonly [
  name: string,
  settings: Partial<Settings>,
  slots: number,
  depth: number,
  hasRequests?: boolean,
][] = [
  ["as Server::Starter does", {}, 1, depthMax],
  ["without an interval", { intervalMs: 0 }, 1, depthMax],
  ["with a kill delay", { killOldDelayMs: 2000 }, 1, depthMax],
  [
    "with readiness by notification and a start timeout",
    { readiness: "notify", startTimeoutMs: 5000 },
    1,
    depthMax,
  ],
  ["giving up after two failures", { startFailuresMax: 2, intervalMs: 0 }, 1, depthMax],
  [
    "with a trial and a drain timeout",
    { trialMs: 3000, drainTimeoutMs: 9000, readiness: "notify" },
    1,
    depthMax,
  ],
  ["with at most two generations", { generationsMax: 2, killOldDelayMs: 1000 }, 1, depthMax],
  ["with automatic restarts", { autoRestartMs: 6000, killOldDelayMs: 2000 }, 1, depthMax],
  ["with two slots", { readiness: "notify", trialMs: 1000 }, 2, depthMax],
  ["with serve's settings", serveLike, 2, depthMax - 2, true],
  ["with serve's settings and a spawn interval", spawnInterval, 2, depthMax - 2, true],
  ["with serve's settings and one slot", serveLike, 1, depthMax - 2, true],
  ["with the proxy's settings", proxyLike, 2, depthMax - 1],
  ["with the proxy's settings and every request", proxyLike, 2, depthMax - 3, true],
];

for (const [name, settings, slots, depth, hasRequests = false] of variants) {
  Deno.test(`step() keeps a generation serving through every interleaving, ${name}`, () => {
    const started = performance.now();
    const count = explore({ ...plainSettings, ...settings }, slots, depth, hasRequests);
    assert(count > 100, `only ${count} worlds were seen`);
    if (Deno.env.get("HAYATE_TEST_COUNTS") !== undefined) {
      console.log(`${name}: ${count} worlds, ${Math.round(performance.now() - started)} ms`);
    }
  });
}

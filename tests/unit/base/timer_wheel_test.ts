import { assert, assertEquals } from "@std/assert";
import { Deadline, TimerWheel } from "../../../mod/base/timer_wheel.ts";

const { slotMs } = TimerWheel;
/** One turn of the wheel. */
const turnMs = 512 * slotMs;

class Noting extends Deadline {
  readonly passedAtMs: number[] = [];
  action: (nowMs: number) => void = () => {};

  override onDeadline(nowMs: number): void {
    this.passedAtMs.push(nowMs);
    this.action(nowMs);
  }
}

/** Advances in steps of `stepMs` up to and including `toMs`. */
function advance(wheel: TimerWheel, fromMs: number, toMs: number, stepMs = 7): void {
  for (let nowMs = fromMs; nowMs < toMs; nowMs += stepMs) wheel.advance(nowMs);
  wheel.advance(toMs);
}

/** A small generator with a seed, so that a failure can be repeated (mulberry32's constants). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

Deno.test("TimerWheel calls a deadline once, not early and at most two slots late", () => {
  for (const dueMs of [1, 31, 32, 33, 100, 1000, turnMs - 1, turnMs, turnMs + 1, 5 * turnMs + 17]) {
    const wheel = new TimerWheel(0);
    const entry = new Noting();
    wheel.arm(entry, dueMs);
    assertEquals(wheel.armedCount, 1);
    advance(wheel, 1, dueMs + 3 * slotMs, 5);
    assertEquals(entry.passedAtMs.length, 1, `due at ${dueMs}`);
    assert(entry.passedAtMs[0] >= dueMs, `${entry.passedAtMs[0]} is before ${dueMs}`);
    assert(entry.passedAtMs[0] <= dueMs + 2 * slotMs, `${entry.passedAtMs[0]} for ${dueMs}`);
    assertEquals(wheel.armedCount, 0);
    assertEquals(entry.deadlineMs, Infinity);
  }
});

Deno.test("TimerWheel calls a past deadline at the next advance that enters a slot", () => {
  const wheel = new TimerWheel(1000);
  const entry = new Noting();
  wheel.arm(entry, 10);
  advance(wheel, 1000, 1000 + 2 * slotMs);
  assertEquals(entry.passedAtMs.length, 1);
});

Deno.test("TimerWheel honours a deadline that was postponed by a write", () => {
  const wheel = new TimerWheel(0);
  const entry = new Noting();
  wheel.arm(entry, 100);
  entry.deadlineMs = 1000;
  advance(wheel, 1, 999);
  assertEquals(entry.passedAtMs, []);
  assertEquals(wheel.armedCount, 1);
  advance(wheel, 1000, 1100);
  assertEquals(entry.passedAtMs.length, 1);
});

Deno.test("TimerWheel.arm moves an entry earlier", () => {
  const wheel = new TimerWheel(0);
  const entry = new Noting();
  wheel.arm(entry, 5000);
  wheel.arm(entry, 100);
  assertEquals(wheel.armedCount, 1);
  advance(wheel, 1, 200);
  assertEquals(entry.passedAtMs.length, 1);
  advance(wheel, 200, 6000);
  assertEquals(entry.passedAtMs.length, 1);
});

Deno.test("TimerWheel.arm after suspension by Infinity is called in time", () => {
  const wheel = new TimerWheel(0);
  const entry = new Noting();
  wheel.arm(entry, 5000);
  entry.deadlineMs = Infinity;
  wheel.arm(entry, 100);
  advance(wheel, 1, 200);
  assertEquals(entry.passedAtMs.length, 1);
});

Deno.test("TimerWheel drops a suspended entry", () => {
  const wheel = new TimerWheel(0);
  const entry = new Noting();
  wheel.arm(entry, 100);
  entry.deadlineMs = Infinity;
  advance(wheel, 1, 300);
  assertEquals([entry.passedAtMs.length, wheel.armedCount, entry.wheelSlot], [0, 0, -1]);
});

Deno.test("TimerWheel.disarm removes an entry, and may be called twice", () => {
  const wheel = new TimerWheel(0);
  const entries = [new Noting(), new Noting(), new Noting()];
  for (const entry of entries) wheel.arm(entry, 100);
  // Middle, head and tail of one slot's list.
  wheel.disarm(entries[1]);
  wheel.disarm(entries[1]);
  assertEquals(wheel.armedCount, 2);
  advance(wheel, 1, 200);
  assertEquals(entries.map((entry) => entry.passedAtMs.length), [1, 0, 1]);
});

Deno.test("TimerWheel allows every change from inside onDeadline", () => {
  const wheel = new TimerWheel(0);
  const entries = Array.from({ length: 6 }, () => new Noting());
  for (const entry of entries) wheel.arm(entry, 100);
  // The first entry called disarms two, postpones two and arms itself again.
  let isFirst = true;
  for (const entry of entries) {
    entry.action = () => {
      if (!isFirst) return;
      isFirst = false;
      const others = entries.filter((other) => other !== entry);
      wheel.disarm(others[0]);
      wheel.disarm(others[4]);
      others[1].deadlineMs = 1000;
      wheel.arm(others[2], 1000);
      wheel.arm(entry, 1000);
    };
  }
  advance(wheel, 1, 200);
  const called = entries.reduce((sum, entry) => sum + entry.passedAtMs.length, 0);
  assertEquals(called, 2, "the first, and the one left unchanged");
  assertEquals(wheel.armedCount, 3);
  advance(wheel, 200, 1100);
  assertEquals(entries.reduce((sum, entry) => sum + entry.passedAtMs.length, 0), 5);
  assertEquals(wheel.armedCount, 0);
});

Deno.test("TimerWheel visits every entry after a long stop", () => {
  const wheel = new TimerWheel(0);
  const entries = Array.from({ length: 100 }, (_, i) => {
    const entry = new Noting();
    wheel.arm(entry, i * 1000);
    return entry;
  });
  wheel.advance(1_000_000);
  wheel.advance(1_000_000 + slotMs);
  assertEquals(entries.filter((entry) => entry.passedAtMs.length !== 1).length, 0);
});

Deno.test("TimerWheel.nextDueMs is Infinity when empty and never later than the first deadline's slot", () => {
  const wheel = new TimerWheel(0);
  assertEquals(wheel.nextDueMs(), Infinity);
  const entry = new Noting();
  wheel.arm(entry, 1000);
  assert(wheel.nextDueMs() <= 1000 + slotMs);
  wheel.arm(new Noting(), 100);
  assert(wheel.nextDueMs() <= 100 + slotMs);
  const far = new TimerWheel(0);
  far.arm(new Noting(), 100 * turnMs);
  assert(far.nextDueMs() <= turnMs, "visited once a turn");
});

/** A reference model: a list that is searched from end to end. */
class NaiveModel {
  readonly dueMs = new Map<Noting, number>();

  expected(nowMs: number): Set<Noting> {
    return new Set([...this.dueMs].filter(([, dueMs]) => dueMs <= nowMs).map(([entry]) => entry));
  }
}

Deno.test("TimerWheel agrees with a naive model over random operations", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const wheel = new TimerWheel(0);
    const model = new NaiveModel();
    const passed = new Set<Noting>();
    const entries = Array.from({ length: 60 }, () => new Noting());
    let nowMs = 0;
    for (const entry of entries) {
      entry.action = (atMs) => {
        const dueMs = model.dueMs.get(entry);
        assert(dueMs !== undefined, `seed ${seed}: called though not armed`);
        assert(dueMs! <= atMs, `seed ${seed}: called at ${atMs}, due at ${dueMs}`);
        model.dueMs.delete(entry);
        passed.add(entry);
        if (random() < 0.2) act(entry, atMs);
      };
    }
    const act = (entry: Noting, atMs: number) => {
      const choice = random();
      const dueMs = atMs + random() ** 3 * 3 * turnMs;
      if (choice < 0.6) {
        wheel.arm(entry, dueMs);
        model.dueMs.set(entry, dueMs);
      } else if (choice < 0.8) {
        wheel.disarm(entry);
        model.dueMs.delete(entry);
      } else if (model.dueMs.has(entry) && dueMs > model.dueMs.get(entry)!) {
        entry.deadlineMs = dueMs;
        model.dueMs.set(entry, dueMs);
      }
    };
    for (let step = 0; step < 800; step++) {
      for (let i = 0; i < 3; i++) act(entries[Math.floor(random() * entries.length)], nowMs);
      nowMs += random() < 0.02 ? random() * 2 * turnMs : random() * 100;
      // Entries due two slots ago must have been called; none early (checked in `action`).
      const overdue = model.expected(nowMs - 2 * slotMs);
      passed.clear();
      wheel.advance(nowMs);
      for (const entry of overdue) {
        assert(passed.has(entry), `seed ${seed}, step ${step}: an overdue entry was not called`);
      }
      assertEquals(wheel.armedCount, [...entries].filter((e) => e.wheelSlot >= 0).length);
    }
  }
});

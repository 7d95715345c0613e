import { assert, assertEquals } from "@std/assert";
import {
  type Agenda,
  dutyOf,
  newAgenda,
  pauseAfter,
  renewalOf,
  step,
} from "../../../../mod/acme/core/agenda.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const validity = { notBeforeMs: 0, notAfterMs: 90 * dayMs };

function afterFailures(count: number, retryAfterMs: number | null = null): Agenda {
  let state = newAgenda;
  for (let i = 0; i < count; i++) {
    state = step(state, { kind: "begun" }, 0, 0);
    state = step(state, { kind: "failed", message: "no", retryAfterMs }, 0, 0);
  }
  return state;
}

Deno.test("a name without a certificate is ordered at once", () => {
  assertEquals(dutyOf(newAgenda, null, 1000), { kind: "order" });
});

Deno.test("failures back off from a minute to a day", () => {
  const pauses = [1, 2, 3, 4, 5, 30].map((count) => afterFailures(count).retryAtMs / minuteMs);
  assertEquals(pauses, [1, 3, 9, 27, 81, 24 * 60]);
  assert(pauseAfter(30, 0.999) <= 1.2 * dayMs);
});

Deno.test("an attempt that a crash interrupts counts as a failure", () => {
  const state = step(newAgenda, { kind: "begun" }, 0, 0);
  assertEquals(dutyOf(state, null, 1000), { kind: "wait", untilMs: minuteMs });
});

Deno.test("an attempt that we end ourselves is no failure", () => {
  const state = step(afterFailures(2), { kind: "begun" }, 60 * minuteMs, 0);
  const next = step(state, { kind: "interrupted" }, 61 * minuteMs, 0);
  assertEquals(next.failures, 2);
  assertEquals(dutyOf(next, null, 62 * minuteMs), { kind: "order" });
});

Deno.test("a moment that no step can have chosen is not waited for", () => {
  assertEquals(dutyOf({ ...newAgenda, retryAtMs: 100 * dayMs }, null, dayMs), { kind: "order" });
  const late = { ...newAgenda, renewAtMs: 91 * dayMs, pollAtMs: 92 * dayMs };
  assertEquals(dutyOf(late, validity, 60 * dayMs), { kind: "order" });
  assertEquals(dutyOf(late, validity, 59 * dayMs), { kind: "wait", untilMs: 60 * dayMs });
});

Deno.test("a longer Retry-After is respected, an absurd one is not", () => {
  assertEquals(afterFailures(1, 3 * 3_600_000).retryAtMs, 3 * 3_600_000);
  assertEquals(afterFailures(1, 1000 * dayMs).retryAtMs, 7 * dayMs);
});

Deno.test("a success forgets the failures and plans the renewal after two thirds", () => {
  const state = step(afterFailures(3), { kind: "issued", validity }, dayMs, 0);
  assertEquals(state.failures, 0);
  assertEquals(state.lastError, "");
  assertEquals(state.renewAtMs, 60 * dayMs);
  assert(renewalOf(validity, 0.999) < 65 * dayMs);
  assertEquals(dutyOf(state, validity, 60 * dayMs), { kind: "order" });
});

Deno.test("the server's window decides, and a moment in it is drawn once", () => {
  const issued = step(newAgenda, { kind: "issued", validity }, 0, 0);
  assertEquals(dutyOf(issued, validity, dayMs), { kind: "poll" });
  const event = {
    kind: "window",
    window: [10 * dayMs, 20 * dayMs] as const,
    retryAfterMs: null,
  } as const;
  const known = step(issued, event, dayMs, 0.5);
  assertEquals(known.renewAtMs, 15 * dayMs);
  assertEquals(step(known, event, 2 * dayMs, 0.9).renewAtMs, 15 * dayMs);
  const moved = { ...event, window: [2 * dayMs, 3 * dayMs] as const };
  assertEquals(step(known, moved, 2 * dayMs, 0).renewAtMs, 2 * dayMs);
});

Deno.test("the window is asked for between once a minute and once a day", () => {
  const poll = (retryAfterMs: number) =>
    step(newAgenda, { kind: "window", window: null, retryAfterMs }, 0, 0).pollAtMs;
  assertEquals([poll(0), poll(3_600_000), poll(30 * dayMs)], [minuteMs, 3_600_000, dayMs]);
});

Deno.test("without an answer about the window the earlier plan stays", () => {
  const issued = step(newAgenda, { kind: "issued", validity }, 0, 0);
  const next = step(issued, { kind: "window", window: null, retryAfterMs: null }, 0, 0);
  assertEquals(next.renewAtMs, issued.renewAtMs);
});

Deno.test("a failed renewal waits although the certificate is due", () => {
  const issued = step(newAgenda, { kind: "issued", validity }, 0, 0);
  const nowMs = 61 * dayMs;
  const failed = step(
    step(issued, { kind: "begun" }, nowMs, 0),
    { kind: "failed", message: "no", retryAfterMs: null },
    nowMs,
    0,
  );
  const duty = dutyOf({ ...failed, pollAtMs: nowMs + dayMs }, validity, nowMs);
  assertEquals(duty, { kind: "wait", untilMs: nowMs + minuteMs });
});

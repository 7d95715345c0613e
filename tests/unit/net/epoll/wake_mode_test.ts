import { assertEquals } from "@std/assert";
import { WakeMode } from "../../../../mod/net/epoll/wake_mode.ts";

/** Wakes it so often in each second; returns its mode after each. */
function modes(wakesOfSeconds: readonly (readonly [wakes: number, accepts: number])[]): boolean[] {
  const mode = new WakeMode();
  const found: boolean[] = [];
  let nowMs = 5000;
  mode.note(nowMs, 0, () => 4);
  for (const [wakes, accepts] of wakesOfSeconds) {
    const before = mode.isExclusive;
    let changes = 0;
    for (let i = 1; i <= wakes; i++) {
      if (mode.note(nowMs + 1000 * i / wakes, accepts / wakes, () => 4)) changes++;
    }
    nowMs += 1000;
    assertEquals(changes, before === mode.isExclusive ? 0 : 1, "a change is told once");
    found.push(mode.isExclusive);
  }
  return found;
}

Deno.test("many wake-ups wake one process each, and few connections all of them again", () => {
  assertEquals(modes([[10, 5], [2000, 500], [2100, 500], [300, 300], [200, 200], [1, 1]]), [
    false,
    false,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("a burst after a long silence changes nothing", () => {
  const mode = new WakeMode();
  mode.note(0, 1, () => 4);
  for (let i = 0; i < 1500; i++) assertEquals(mode.note(60_000 + i / 10, 1, () => 4), false);
  assertEquals(mode.isExclusive, false);
});

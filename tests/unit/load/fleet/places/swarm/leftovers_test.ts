import { assertEquals } from "@std/assert";
import {
  isLeft,
  readFound,
  removalOf,
} from "../../../../../../mod/load/fleet/places/swarm/leftovers.ts";

const nowMs = 1_000_000_000;
const task = (hasEnded: boolean) => ({ id: "", name: "", state: "", error: "", hasEnded });

Deno.test("readFound() puts the objects of each run together", () => {
  const runs = readFound(
    new Map([["service", "a\n\n"], ["secret", `a ${nowMs}\nb 5\n`], ["network", "b 5\n"]]),
  );
  assertEquals(runs.map(removalOf), [
    "docker service rm a; docker secret rm a",
    "docker secret rm b; docker network rm b",
  ]);
});

Deno.test("isLeft() spares runs that somebody leads, or that are about to begin", () => {
  const at = (startedAtMs: number) => ({ name: "a", startedAtMs, kinds: ["network"] });
  assertEquals(isLeft(at(NaN), [task(true), task(false)], nowMs), false);
  assertEquals(isLeft(at(nowMs), [task(true), task(true)], nowMs), true);
  assertEquals(isLeft(at(nowMs - 60_000), [], nowMs), false);
  assertEquals(isLeft(at(nowMs - 180_000), [], nowMs), true);
  assertEquals(isLeft(at(NaN), [], nowMs), true);
});

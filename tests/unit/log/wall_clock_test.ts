import { assertEquals } from "@std/assert";
import { WallClock } from "../../../mod/log/wall_clock.ts";

Deno.test("WallClock reads the system's clock once a second and goes on from there", () => {
  const readings = [1_795_444_852_000, 1_795_444_900_000];
  const clock = new WallClock(() => readings.shift()!);
  assertEquals([10.5, 12, 1010.25].map((nowMs) => clock.at(nowMs)), [
    1_795_444_852_000,
    1_795_444_852_001.5,
    1_795_444_852_999.75,
  ]);
  // The system's clock was set meanwhile.
  assertEquals(clock.at(1010.5), 1_795_444_900_000);
  assertEquals(clock.at(1011), 1_795_444_900_000.5);
});

import { assertEquals } from "@std/assert";
import { RowState } from "../../../../mod/serve/worker/scoreboard.ts";
import { judgeBeat } from "../../../../mod/serve/master/watch.ts";

Deno.test("judgeBeat() reports only a blocked loop", () => {
  const row = {
    pid: 1,
    state: RowState.busy,
    beat: 5,
    connections: 1,
    pending: 0,
    requests: 1,
    requestStartMs: 9000,
    request: "GET /x",
  };
  const sighting = { beat: 4, beatMs: 0 };
  assertEquals(judgeBeat(sighting, row, 1000, 10_000, 500), null);
  assertEquals(judgeBeat(sighting, row, 1400, 10_400, 500), null);
  assertEquals(
    judgeBeat(sighting, row, 1600, 10_600, 500),
    "blocked for 600 ms by GET /x (started 1600 ms ago)",
  );
  assertEquals(judgeBeat({ beat: 0, beatMs: 0 }, { ...row, beat: 0 }, 1e6, 1e6, 500), null);
});

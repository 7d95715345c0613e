import { assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import { openRow, RowState, Scoreboard } from "../../../../mod/serve/worker/scoreboard.ts";
import { takePassedRow } from "../../../support/passed_row.ts";
import { latin1Bytes } from "../../../../mod/http/latin1.ts";

Deno.test("the master reads a worker's Row through shared memory", () => {
  const board = new Scoreboard();
  try {
    const index = board.take();
    const row = openRow(takePassedRow((number) => board.pass(index, number))["HAYATE_SCOREBOARD"])!;
    row.claim(42, RowState.idle);
    const line = latin1Bytes("GET /a?b=1 HTTP/1.1");
    row.begin(line, 0, 10, 1234);
    row.state = RowState.busy;
    row.beat(3, 1);
    assertEquals(board.row(index).read(), {
      pid: 42,
      state: RowState.busy,
      beat: 1,
      connections: 3,
      pending: 1,
      requests: 1,
      requestStartMs: 1234,
      request: "GET /a?b=1",
    });
    row.begin(new Uint8Array(5000).fill(65), 0, 5000, 1);
    assertEquals(board.row(index).read().request.length, 960);
    board.giveBack(index);
    assertEquals(board.row(index).read().state, RowState.free);
    assertEquals(board.take(), index);
  } finally {
    board.remove();
  }
});

Deno.test("openRow() writes only into a scoreboard", async () => {
  assertEquals(openRow(""), null);
  const short = await Deno.makeTempFile();
  try {
    for (const value of ["nonsense", "/no/such#1", `${short}#0`, `/#0`, `${short}#99999`]) {
      assertThrows(() => openRow(value), StartError, "HAYATE_SCOREBOARD: found");
    }
  } finally {
    await Deno.remove(short);
  }
});

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import { MasterSockets } from "../../../../mod/serve/master/master_sockets.ts";
import { readWorkerMessage } from "../../../../mod/serve/master/messages.ts";
import { openRow, RowState, Scoreboard } from "../../../../mod/serve/master/scoreboard.ts";
import { describeWorker, renderStatus } from "../../../../mod/serve/master/status.ts";
import { judgeBeat } from "../../../../mod/serve/master/watch.ts";
import { latin1Bytes } from "../../../../mod/http/latin1.ts";

Deno.test("the master reads a worker's Row through shared memory", () => {
  const board = new Scoreboard();
  try {
    const index = board.take();
    const row = openRow(`${board.path}#${index}`)!;
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

function numbersIn(variable: string): number[] {
  return [...variable.matchAll(/=(\d+)/g)].map(([, number]) => Number(number));
}

Deno.test("MasterSockets assigns every socket to a worker and every worker a socket", () => {
  const listen = { reusePort: false, backlog: 16, pathMode: null, pathOwner: null };
  const address = { kind: "tcp" as const, host: "127.0.0.1", port: 0 };
  const sockets = new MasterSockets({ ...listen, addresses: [address, address] });
  try {
    sockets.bind(3);
    assertEquals([sockets.isPerSlot, sockets.socketCount], [true, 3]);
    for (const slotCount of [1, 2, 3]) {
      const handed = Array.from(
        { length: slotCount },
        (_, slot) => sockets.handTo(slot, slotCount),
      );
      // By the numbers that the workers have: what each of them serves, and what is spare.
      const servedBy = handed.map(({ descriptors, variable }) =>
        numbersIn(variable).map((wanted) =>
          descriptors.find(({ number }) => number === wanted)?.ours
        )
      );
      const fds = servedBy.flat();
      assertEquals([fds.length, new Set(fds).size], [6, 6]);
      for (const { descriptors, variable, spareVariable } of handed) {
        const numbers = [...numbersIn(variable), ...numbersIn(spareVariable)].toSorted((a, b) =>
          a - b
        );
        assertEquals(numbers, descriptors.map(({ number }) => number));
        assertEquals(new Set(descriptors.map(({ ours }) => ours)).size, 6);
      }
      for (const { variable } of handed) {
        assertMatch(variable, /^127\.0\.0\.1:\d+=5;/);
        assertEquals(new Set(variable.match(/:\d+=/g)).size, 2);
      }
    }
    sockets.ensure(4);
    assertEquals(sockets.socketCount, 4);
  } finally {
    sockets.release();
  }
});

Deno.test("describeWorker() and renderStatus() show what each worker does", () => {
  const row = {
    pid: 7,
    state: RowState.busy,
    beat: 1,
    connections: 2,
    pending: 0,
    requests: 10,
    requestStartMs: 1000,
    request: "GET /slow",
  };
  const process = { pid: 7, slot: 0, isReady: true, isEnding: false, uptimeMs: 5000 };
  const busy = describeWorker(process, row, 50 << 20, 1500);
  assertEquals([busy.state, busy.request, busy.requestAgeMs], ["busy", "GET /slow", 500]);
  const idle = describeWorker({ ...process, pid: 8 }, { ...row, state: RowState.idle }, 0, 1500);
  assertEquals([idle.state, idle.request], ["idle", null]);
  assertEquals(describeWorker({ ...process, isEnding: true }, null, 0, 0).state, "draining");
  assertEquals(describeWorker({ ...process, isReady: false }, null, 0, 0).state, "starting");
  const text = renderStatus({ version: "1", pid: 1, uptimeMs: 60_000, workers: [busy, idle] });
  assertEquals(
    text,
    `hayate serve 1, master 1, up 60.0s, 2 workers
    PID SLOT STATE     UP        REQUESTS  CONNS  MEMORY  REQUEST
      7    0 busy      5.0s            10      2   50 MB  GET /slow (0.5s)
      8    0 idle      5.0s            10      2    0 MB  -
`,
  );
});

Deno.test("readWorkerMessage() accepts only messages of workers", () => {
  assertEquals(readWorkerMessage({ kind: "ready" }), { kind: "ready" });
  assertEquals(readWorkerMessage({ kind: "retire", why: "x" }), { kind: "retire", why: "x" });
  for (const other of [null, 1, "ready", {}, { kind: "retire" }, { kind: "exec" }]) {
    assert(readWorkerMessage(other) === null);
  }
});

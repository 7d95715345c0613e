import { assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import {
  claimConnectionRow,
  ConnectionBoard,
  ConnectionRow,
} from "../../../../mod/process/workers/connection_board.ts";
import { takePassedRow } from "../../../support/passed_row.ts";

const name = "HAYATE_CONNECTIONS";

/** What workers with so many connections each would take of the queue. */
function shares(open: readonly number[], waiting: number): number[] {
  const memory = new Int32Array(1024).fill(-1);
  const rows = open.map((_, index) => new ConnectionRow(memory, index));
  for (const [index, row] of rows.entries()) {
    row.startAccepting();
    for (let i = 0; i < open[index]; i++) row.opened();
  }
  return rows.map((row) => row.of(waiting));
}

Deno.test("a worker takes what makes it equal to the others", () => {
  const vectors: [open: number[], waiting: number, expected: number[]][] = [
    [[0], 5, [5]],
    [[0, 0, 0, 0], 1, [1, 1, 1, 1]],
    [[1, 0, 0, 0], 1, [0, 1, 1, 1]],
    [[1, 1, 1, 0], 1, [0, 0, 0, 1]],
    [[0, 0, 0, 0], 64, [16, 16, 16, 16]],
    [[63, 0, 1, 0], 1, [0, 17, 16, 17]],
    [[10, 0], 4, [0, 7]],
    [[10, 0], 20, [5, 15]],
  ];
  for (const [open, waiting, expected] of vectors) {
    assertEquals(shares(open, waiting), expected, `${open} open, ${waiting} waiting`);
  }
});

Deno.test("a worker that accepts nothing is not counted, whatever it has open", () => {
  const memory = new Int32Array(1024).fill(-1);
  const [one, other] = [new ConnectionRow(memory, 3), new ConnectionRow(memory, 7)];
  one.startAccepting();
  other.startAccepting();
  other.startAccepting();
  other.opened();
  assertEquals([one.workerCount, one.of(3)], [2, 2]);
  other.stopAccepting();
  assertEquals([one.workerCount, one.of(3)], [2, 2], "it accepts at its other listener");
  other.stopAccepting();
  other.opened();
  assertEquals([one.workerCount, one.of(3)], [1, 3]);
  other.startAccepting();
  other.closed();
  assertEquals([one.workerCount, one.of(3)], [2, 2], "what it has open counts again");
});

Deno.test("a board gives each worker a row, and takes it back", () => {
  const board = new ConnectionBoard();
  try {
    const rows = [board.take(), board.take()];
    assertEquals(rows, [0, 1]);
    Deno.env.set(name, takePassedRow((number) => board.pass(0, number))[name]);
    const first = claimConnectionRow()!;
    assertEquals(Deno.env.get(name), undefined, "programs that the worker starts do not see it");
    assertEquals(claimConnectionRow(), null);
    first.startAccepting();
    first.opened();
    Deno.env.set(name, takePassedRow((number) => board.pass(1, number))[name]);
    const second = claimConnectionRow()!;
    second.startAccepting();
    assertEquals([second.workerCount, second.of(1)], [2, 1]);
    board.giveBack(0);
    assertEquals([second.workerCount, second.of(1)], [1, 1]);
    assertEquals(board.take(), 0);
    assertEquals(board.pass(-1, 5), { variables: {}, descriptors: [] });
  } finally {
    board.close();
  }
});

Deno.test("a board has no more than 1024 rows", () => {
  const board = new ConnectionBoard();
  for (let row = 0; row < 1024; row++) assertEquals(board.take(), row);
  assertEquals(board.take(), -1);
  board.giveBack(-1);
  board.close();
});

for (
  const value of [
    "",
    "x",
    "#0",
    "/etc/passwd#0",
    "/dev/null#1",
    "/nowhere#2",
    "0",
    "0#0",
    "99999#0",
  ]
) {
  Deno.test(`a row is not claimed from ${JSON.stringify(value)}`, () => {
    Deno.env.set(name, value);
    const error = assertThrows(claimConnectionRow, StartError);
    assertEquals(
      error.message,
      `${name}: found ${JSON.stringify(value)}, expected DESCRIPTOR#ROW or PATH#ROW of a board`,
    );
    assertEquals(Deno.env.get(name), undefined);
  });
}

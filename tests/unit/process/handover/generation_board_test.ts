import { assertEquals } from "@std/assert";
import { libc } from "../../../../mod/sys/libc.ts";
import { setVariable } from "../../../../mod/process/environment.ts";
import {
  boardVariable,
  GenerationBoard,
  InheritedBoard,
} from "../../../../mod/process/handover/generation_board.ts";
import type { GenerationReport } from "../../../../mod/process/handover/generation_report.ts";

function reportOf(count: number, text: string): GenerationReport {
  return {
    supervisor: 7,
    startFailures: count,
    deaths: 0,
    lastFailure: { number: 1, cause: text, atMs: 1 },
    generations: Array.from({ length: count }, (_, number) => ({
      ...{ number, pid: number, startedMs: 1, by: "HUP", state: "failed" as const },
      ...{ endedMs: 2, cause: text },
    })),
  };
}

Deno.test("a worker reads the last report, also a shorter one", () => {
  const board = GenerationBoard.open()!;
  setVariable(boardVariable, String(board.readEnd));
  const reader = InheritedBoard.claim()!;
  assertEquals(InheritedBoard.claim(), reader);
  assertEquals(Deno.env.get(boardVariable), undefined);
  assertEquals(reader.read(), null);
  for (const report of [reportOf(16, "ü\n\u2028".repeat(90)), reportOf(1, ""), reportOf(2, "x")]) {
    board.write(report);
    assertEquals(reader.read(), report);
    assertEquals(board.read(), report);
  }
  // What cannot be read whole does not count; the last report does.
  const file = Deno.openSync(`/proc/self/fd/${board.writeEnd}`, { write: true });
  file.writeSync(new TextEncoder().encode("torn\n"));
  file.close();
  assertEquals(reader.read(), reportOf(2, "x"));
  assertEquals(board.read(), null);
  board.close();
});

Deno.test("workers cannot write to the board", () => {
  const board = GenerationBoard.open()!;
  assertEquals(libc.write(board.readEnd, new Uint8Array(1), 1), -1);
  board.close();
});

Deno.test("the program that replaces the supervisor goes on with its board", () => {
  const board = GenerationBoard.open()!;
  board.write(reportOf(1, "x"));
  const next = GenerationBoard.adopt(board.writeEnd);
  assertEquals(next.read(), reportOf(1, "x"));
  next.write(reportOf(2, "y"));
  assertEquals(board.read(), reportOf(2, "y"));
  next.close();
});

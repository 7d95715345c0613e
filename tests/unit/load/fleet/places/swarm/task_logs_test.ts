import { assertEquals } from "@std/assert";
import { readLogLine } from "../../../../../../mod/load/fleet/places/swarm/task_logs.ts";

Deno.test("readLogLine() puts the task's name in front of its words", () => {
  const cases = [
    ["hayate-load-1.2.wqn3xk@node-1.a    | a | b", "task 2 on node-1.a: a | b"],
    ["hayate-load-1.12@n    | ", "task 12 on n: "],
    ["error from daemon", "error from daemon"],
  ];
  for (const [line, text] of cases) assertEquals(readLogLine(line), text);
});

import { assertEquals } from "@std/assert";
import { readTasks, stateOf } from "../../../../../../mod/load/fleet/places/swarm/tasks.ts";

/** As Docker 20.10 prints them, but for fields that nobody reads. */
const lines = `
{"CurrentState":"Running 3 seconds ago","DesiredState":"Running","Error":"","ID":"a1","Name":"x.1","Node":"n1"}
{"CurrentState":"Rejected less than a second ago","Error":"\\"No such image: y:1\\"","ID":"a2","Name":"x.2","Node":"n2"}
{"CurrentState":"Pending 1 second ago","Error":"\\"no suitable node\\"","ID":"a3","Name":"x.3","Node":""}
`;

Deno.test("readTasks() reads names, states and errors", () => {
  const tasks = readTasks(lines)!;
  assertEquals(tasks.map((task) => [task.id, task.name, stateOf(task), task.hasEnded]), [
    ["a1", "task 1 on n1", "running", false],
    ["a2", "task 2 on n2", "rejected: No such image: y:1", true],
    ["a3", "task 3", "pending: no suitable node", false],
  ]);
  assertEquals(readTasks(""), []);
  assertEquals(readTasks("ID NAME\n"), null);
});

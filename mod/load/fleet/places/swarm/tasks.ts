/** The tasks of a service, as `docker service ps` prints them. Pure. */

export interface Task {
  readonly id: string;
  /** See `taskName`. */
  readonly name: string;
  /** In lower case, such as `pending`, `running` and `rejected`. */
  readonly state: string;
  /** Why it is not what was asked for; "" without a reason. */
  readonly error: string;
  readonly hasEnded: boolean;
}

/** States that are final (moby/swarmkit, api/types.proto, TaskState). */
const finalStates = ["complete", "shutdown", "failed", "rejected", "remove", "orphaned"];

/** "task 2 on node-1"; without a node before the task has one. */
export function taskName(slot: string, node: string): string {
  return `task ${slot}${node === "" ? "" : ` on ${node}`}`;
}

/** Reads lines of JSON; null: this is something else. */
export function readTasks(text: string): readonly Task[] | null {
  try {
    return text.split("\n").filter((line) => line.trim() !== "").map(readTask);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function readTask(line: string): Task {
  const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const field = (name: string) => typeof fields[name] === "string" ? fields[name] : "";
  // "Rejected 3 seconds ago"
  const state = field("CurrentState").split(" ", 1)[0].toLowerCase();
  const slot = field("Name").split(".").at(-1) ?? "";
  return {
    id: field("ID"),
    name: taskName(slot, field("Node")),
    state,
    error: field("Error").replace(/^"|"$/g, ""),
    hasEnded: finalStates.includes(state),
  };
}

/** "rejected: No such image: x" */
export function stateOf({ state, error }: Task): string {
  return error === "" ? state : `${state}: ${error}`;
}

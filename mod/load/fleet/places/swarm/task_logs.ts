/** What the tasks write on stderr, from whichever node they run on: as ssh and kubectl bring it. */
import { ChildLink } from "../child_link.ts";
import { taskName } from "./tasks.ts";

/** `hayate-load-1a2b3c4d.2.wqn3xk@node-1    | text`, by `docker service logs`. */
const form = /^[^\s.]+\.(\w+)(?:\.\w+)?@(\S+)\s+\| ?(.*)$/;

/** A line of a task's, behind the name of the task. */
export function readLogLine(line: string): string {
  const match = form.exec(line);
  return match === null ? line : `${taskName(match[1], match[2])}: ${match[3]}`;
}

export class TaskLogs {
  readonly #link: ChildLink;

  /** Follows the service; `say` gets the lines. */
  constructor(docker: readonly string[], service: string, say: (line: string) => void) {
    const command = [...docker, "service", "logs", "--follow", "--tail", "all", service];
    const tell = (line: string) => {
      const text = readLogLine(line.replace(/[\x00-\x1f\x7f]+/g, " ").trim());
      if (text !== "") say(text);
    };
    // docker keeps the tasks' two streams apart.
    this.#link = new ChildLink(command, tell).listen({ onLine: tell, onEnd: () => {} });
    this.#link.showErrors();
  }

  async close(): Promise<void> {
    this.#link.close("TERM");
    await this.#link.ended;
  }
}

/** `hayate supervise status`, `reload` and `stop`. */
import { defineTable, readOptions, type Subcommand } from "../cli/mod.ts";
import { InheritedOutput } from "./log_output.ts";
import { reload, status, stop } from "./control/client.ts";

const target = {
  name: "PIDFILE|SOCKET",
  min: 1,
  max: 1,
  help: "The supervisor's pid file or control socket.",
} as const;

const statusTable = defineTable({
  command: "hayate supervise status",
  summary: "show generations, pids, ages, states and the last failure of a running supervisor",
  usage: ["PIDFILE|SOCKET [--json]"],
  operands: target,
  options: [{ long: "json", kind: "flag", help: "Print JSON." }],
  examples: [{ run: "hayate supervise status /run/app.pid", about: "a table" }],
  exitCodes: [{ code: 3, meaning: "no supervisor is running there" }],
});

const reloadTable = defineTable({
  command: "hayate supervise reload",
  summary: "start a new generation, wait for it, and print the outcome",
  usage: ["PIDFILE|SOCKET"],
  operands: target,
  options: [],
  examples: [{
    run: "hayate supervise reload /run/app.pid",
    about: "exit code 0: the new generation serves",
  }],
  exitCodes: [
    { code: 1, meaning: "the new generation failed; the old one keeps serving" },
    { code: 3, meaning: "no supervisor is running there" },
  ],
});

const stopTable = defineTable({
  command: "hayate supervise stop",
  summary: "stop a supervisor and its workers gracefully, and wait for them",
  usage: ["PIDFILE|SOCKET"],
  operands: target,
  options: [],
  examples: [{
    run: "hayate supervise stop /run/app.pid",
    about: "requests in progress are finished",
  }],
  exitCodes: [{ code: 3, meaning: "no supervisor is running there" }],
});

const stderr = new InheritedOutput();

/** One line for the user, on standard error. */
export function printLine(line: string): void {
  stderr.write(line);
}

export const subcommands: readonly Subcommand[] = [
  {
    name: "status",
    table: statusTable,
    async run(argv) {
      const { values, operands } = readOptions(statusTable, argv);
      Deno.stdout.writeSync(new TextEncoder().encode(await status(operands[0], values.json)));
      return 0;
    },
  },
  {
    name: "reload",
    table: reloadTable,
    async run(argv) {
      return await reload(readOptions(reloadTable, argv).operands[0], printLine);
    },
  },
  {
    name: "stop",
    table: stopTable,
    async run(argv) {
      return await stop(readOptions(stopTable, argv).operands[0], printLine);
    },
  },
];

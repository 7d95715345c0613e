/** `hayate doctor`: checks this host's limits for each mode and prints the commands to fix them. */
import { exitCodes } from "../base/errors.ts";
import { defineTable, type Mode, readOptions, UsageError } from "../cli/mod.ts";
import { nearest } from "../base/nearest.ts";
import { standardSink } from "../log/mod.ts";
import { type JudgedMode, judgedModes } from "./finding.ts";
import { host } from "./host.ts";
import { judge } from "./judge.ts";
import { readFacts } from "./read_facts.ts";
import { renderJson, renderText } from "./report.ts";

const doctorTable = defineTable({
  command: "hayate doctor",
  summary: "checks this host's limits for each mode and prints the commands to fix them",
  usage: ["[--json] [MODE...]"],
  description: [
    "Checks open files, accept and packet queues, ephemeral ports, TIME_WAIT, tcp_migrate_req, " +
    "CPUs, memory, threads, cgroup limits and OpenSSL. It changes nothing.",
    "FAIL: affects ordinary use. WARN: affects only the use that its text names; warnings do not " +
    "change the exit code.",
    "If hayate cannot start at all, doctor included, the runtime prints its own message: " +
    '"code: 24" or "Too many open files": ulimit -n is below 13; "no /proc/self/exe": /proc is not ' +
    'mounted; "CagedHeap reservation": ulimit -v is below about 34 GiB; "No such file or directory ' +
    '(os error 2)" alone: the working directory was deleted.',
  ],
  operands: {
    name: "MODE",
    min: 0,
    max: judgedModes.length,
    help: "Check only these modes: load, serve, supervise, proxy.",
  },
  options: [
    {
      long: "json",
      kind: "flag",
      help: "Print facts and findings as JSON (schema hayate-doctor/2).",
    },
  ],
  examples: [
    { run: "hayate doctor", about: "before a benchmark or a deployment" },
    { run: "docker run --net=host --entrypoint /hayate hayate doctor", about: "in a container" },
  ],
  exitCodes: [
    { code: 0, meaning: "no FAIL" },
    { code: 1, meaning: "at least one FAIL" },
    { code: 2, meaning: "wrong usage" },
  ],
});

export const doctorMode: Mode = {
  name: "doctor",
  summary: doctorTable.summary,
  table: doctorTable,
  async run(argv): Promise<number> {
    const { values, operands } = readOptions(doctorTable, argv);
    const modes = operands.length === 0 ? judgedModes : operands.map(readMode);
    const facts = await readFacts(host);
    const findings = judge(facts, modes);
    const out = standardSink("stdout");
    out.buffer.text(values.json ? renderJson(facts, findings) : renderText(facts, findings, modes));
    out.endLine();
    await out.close();
    const hasFailure = findings.some(({ severity }) => severity === "fail");
    return hasFailure ? exitCodes.failed : exitCodes.ok;
  },
};

function readMode(word: string): JudgedMode {
  const mode = judgedModes.find((each) => each === word);
  if (mode !== undefined) return mode;
  const guess = nearest(word, [...judgedModes]);
  throw new UsageError([`${word}: not a mode${guess === null ? "" : `, did you mean ${guess}?`}`]);
}

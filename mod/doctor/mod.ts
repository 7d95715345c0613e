/** `hayate doctor`: what this host does to each mode, and the commands that mend it. */
import { exitCodes } from "../base/errors.ts";
import { defineTable, type Mode, readOptions, UsageError } from "../cli/mod.ts";
import { nearest } from "../cli/nearest.ts";
import { standardSink } from "../log/mod.ts";
import { type JudgedMode, judgedModes } from "./finding.ts";
import { host } from "./host.ts";
import { judge } from "./judge.ts";
import { readFacts } from "./read_facts.ts";
import { renderJson, renderText } from "./report.ts";

const doctorTable = defineTable({
  command: "hayate doctor",
  summary: "what this host does to each mode, and the commands that mend it",
  usage: ["[--json] [MODE...]"],
  description: [
    "Reads open files, accept and packet queues, ephemeral ports, TIME_WAIT, tcp_migrate_req, " +
    "CPUs, memory, threads, the cgroup's limits and OpenSSL, and changes nothing.",
    "BITES: ordinary use runs into it. note: only the use that its text names does; the exit code " +
    "does not count notes.",
    "Where nothing of hayate can start, doctor included, the runtime speaks in its own words: " +
    '"code: 24" or "Too many open files": ulimit -n is below 13; "no /proc/self/exe": /proc is not ' +
    'mounted; "CagedHeap reservation": ulimit -v is below some 34 GiB; "No such file or directory ' +
    '(os error 2)" alone: the working directory has been deleted.',
  ],
  operands: {
    name: "MODE",
    min: 0,
    max: judgedModes.length,
    help: "Judge for these modes only: load, serve, supervise, proxy.",
  },
  options: [
    { long: "json", kind: "flag", help: "Facts and findings as JSON, schema hayate-doctor/1." },
  ],
  examples: [
    { run: "hayate doctor", about: "before a benchmark or a deployment" },
    { run: "docker run --net=host --entrypoint /hayate hayate doctor", about: "in its container" },
  ],
  exitCodes: [
    { code: 0, meaning: "nothing bites" },
    { code: 1, meaning: "something bites" },
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
    const facts = readFacts(host);
    const findings = judge(facts, modes);
    const out = standardSink("stdout");
    out.buffer.text(values.json ? renderJson(facts, findings) : renderText(facts, findings, modes));
    out.endLine();
    await out.close();
    const isBitten = findings.some(({ severity }) => severity === "bites");
    return isBitten ? exitCodes.failed : exitCodes.ok;
  },
};

function readMode(word: string): JudgedMode {
  const mode = judgedModes.find((each) => each === word);
  if (mode !== undefined) return mode;
  const guess = nearest(word, [...judgedModes]);
  throw new UsageError([`${word}: not a mode${guess === null ? "" : `, did you mean ${guess}?`}`]);
}

import { defineTable, type Manual, type Table, Wrong } from "../../../mod/cli/mod.ts";

/** A table with every kind of flag. */
export const sample = defineTable({
  command: "hayate sample",
  summary: "shows every kind of flag",
  usage: ["[options] URL [-- ARGUMENTS]", "[options] --socket SOCK URL"],
  description: [
    "A paragraph that explains what the command is for, long enough that it has to be wrapped " +
    "at the width of a terminal.",
  ],
  options: [
    {
      long: "connections",
      short: "c",
      kind: "count",
      default: 10,
      min: 1,
      max: 65535,
      help: "Connections to keep open.",
    },
    {
      long: "duration",
      short: "d",
      kind: "duration",
      key: "durationMs",
      default: 10_000,
      min: 1,
      help: "How long to run.",
    },
    {
      long: "workers",
      kind: "integer",
      min: 1,
      max: 1024,
      env: "WORKERS",
      defaultText: "one per CPU",
      help: "Processes.",
    },
    { long: "ratio", kind: "number", min: 0, max: 1, help: "A share." },
    { long: "max-memory", kind: "size", key: "memoryBytesMax", help: "Memory of a worker." },
    {
      long: "header",
      short: "H",
      kind: "string",
      repeat: true,
      placeholder: "'K: V'",
      help: "Adds a header field.",
    },
    {
      long: "chunked",
      kind: "enum",
      values: ["auto", "always", "never"],
      default: "auto",
      help: "When to chunk.",
      section: "Protocol",
    },
    {
      long: "keepalive",
      kind: "flag",
      negatable: true,
      default: true,
      help: "Reuse connections.",
      section: "Protocol",
    },
    {
      long: "insecure",
      short: "k",
      kind: "flag",
      help: "Trust any certificate.",
      section: "Protocol",
    },
    { long: "quiet", short: "q", kind: "flag", help: "Say nothing." },
    { long: "even", kind: "parsed", repeat: true, parse: parseEven, help: "An even number." },
    {
      long: "socket",
      short: "P",
      kind: "string",
      placeholder: "SOCK",
      help: "A unix socket to connect to whatever the URL says, which is long.",
    },
    { long: "old-name", kind: "flag", hidden: true, help: "" },
  ],
  operands: { name: "URL", min: 1, max: 2 },
  restAfterDashes: true,
  examples: [{ run: "hayate sample -c 50 http://127.0.0.1/", about: "fifty connections" }],
  exitCodes: [{ code: 0, meaning: "done" }, { code: 2, meaning: "wrong usage" }],
  environment: [{ name: "SAMPLE_HOME", help: "Where samples live." }],
});

function parseEven(text: string): number | Wrong {
  const value = Number(text);
  return value % 2 === 0 ? value : new Wrong("not even");
}

const plot: Table = {
  command: "hayate sample plot",
  summary: "draws it",
  usage: ["FILE"],
  options: [{ long: "output", short: "o", kind: "string", help: "It's the file: a picture." }],
  examples: [],
};

/** A mode with a subcommand and a topic. */
export const sampleModes: readonly Manual[] = [{
  name: "sample",
  summary: sample.summary,
  table: sample,
  topics: [{
    name: "signals",
    summary: "what each signal does",
    text: "HUP  restarts\n.TERM stops\n",
  }],
  subcommands: [{ name: "plot", table: plot, run: () => Promise.resolve(0) }],
}];

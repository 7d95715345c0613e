/** The flags of `hayate load`: what is sent, when and how often. */
import type { OptionSpec } from "../../cli/mod.ts";
import {
  readCondition,
  readRate,
  readStages,
  readStartAt,
  readSteadyRate,
} from "./option_values.ts";

const model = "Load";

export const modelFlags = [
  {
    long: "connections",
    short: "c",
    kind: "count",
    min: 1,
    max: 1_000_000,
    defaultText: "10, or 100 with --find-rate",
    section: model,
    help: "Connections, spread over the threads.",
  },
  {
    long: "duration",
    short: "d",
    key: "durationMs",
    kind: "duration",
    min: 1,
    defaultText: "10s, or until -n is reached",
    section: model,
    help: "How long to measure.",
  },
  {
    long: "threads",
    short: "t",
    kind: "integer",
    min: 1,
    max: 256,
    default: 1,
    section: model,
    help: "Threads. One sends about 150,000 requests a second.",
  },
  {
    long: "requests",
    short: "n",
    kind: "count",
    min: 1,
    section: model,
    help: "Send exactly this many requests.",
  },
  {
    long: "rate",
    short: "R",
    kind: "parsed",
    parse: readRate,
    placeholder: "RATE|A:B",
    section: model,
    help: "Open loop: requests a second in total, or a ramp from A to B.",
  },
  {
    long: "stages",
    kind: "parsed",
    parse: readStages,
    placeholder: "TIME:RATE,...",
    section: model,
    help: "Open loop in steps: 10s:1k,30s:5k; a step 10s:1k-5k ramps.",
  },
  {
    long: "find-rate",
    kind: "parsed",
    parse: readCondition,
    placeholder: "'p99<20ms'",
    repeat: true,
    section: model,
    help:
      "Find the highest rate at which this condition holds and no request fails: doubles, bisects, " +
      "confirms. Each step takes -d (5s) after --warmup (1s). See: hayate help load find-rate.",
  },
  {
    long: "from",
    kind: "parsed",
    parse: readSteadyRate,
    placeholder: "RATE",
    defaultText: "100",
    section: model,
    help: "With --find-rate: the lowest rate; exit 3 if the condition does not hold at it.",
  },
  {
    long: "to",
    kind: "parsed",
    parse: readSteadyRate,
    placeholder: "RATE",
    defaultText: "1M",
    section: model,
    help: "With --find-rate: the highest rate to try.",
  },
  {
    long: "warmup",
    key: "warmupMs",
    kind: "duration",
    min: 0,
    defaultText: "none",
    section: model,
    help: "Run this long before measuring; excluded from every figure.",
  },
  {
    long: "timeout",
    short: "T",
    key: "timeoutMs",
    kind: "duration",
    default: 2000,
    min: 1,
    section: model,
    help: "Timeout for a response. A slower one is a failure, and its connection is replaced; " +
      "with --http2 its stream is reset.",
  },
  {
    long: "drain",
    key: "drainMs",
    kind: "duration",
    default: 0,
    min: 0,
    section: model,
    help:
      "When -d is over send nothing new, and wait up to this long for the responses to what was " +
      "sent; they count. Off: what is in flight at the end is only counted as in flight.",
  },
  {
    long: "start-at",
    key: "startAtMs",
    kind: "parsed",
    parse: (text: string) => readStartAt(text),
    placeholder: "CLOCK",
    section: model,
    help: "Start at this time, so that several machines start together: 12:00:30, " +
      "2026-01-31T12:00:00Z, or seconds since 1970, with a fraction if need be.",
  },
  {
    long: "script",
    short: "s",
    kind: "string",
    placeholder: "FILE",
    section: model,
    help: "A .js or .ts module with wrk's functions: setup, init, delay, request, response, " +
      "done. See: hayate help load scripts.",
  },
  {
    long: "replay",
    kind: "string",
    placeholder: "LOG",
    section: model,
    help:
      "Send the requests of this access log to the URL's host, at the times that it has. See: " +
      "hayate help load replay.",
  },
  {
    long: "speed",
    kind: "number",
    min: 0.001,
    max: 1_000_000,
    placeholder: "TIMES",
    defaultText: "1",
    section: model,
    help: "With --replay: so many times as fast as logged.",
  },
  {
    long: "plan",
    kind: "string",
    placeholder: "FILE",
    section: model,
    help:
      "Make the runs of a YAML file, one after another: names, settings, a matrix. One table, one " +
      "--json and one --html for all. See: hayate help load plans.",
  },
  {
    long: "resume",
    kind: "flag",
    section: model,
    help: "With --plan and --json FILE: make only the runs that FILE lacks.",
  },
] as const satisfies readonly OptionSpec[];

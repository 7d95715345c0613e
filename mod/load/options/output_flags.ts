/** The flags of `hayate load`: what is printed, written and judged. */
import type { OptionSpec } from "../../cli/mod.ts";
import { readHealthAddress } from "../../probes/address.ts";
import { readFieldName, readPercentiles, readThreshold } from "./option_values.ts";

const output = "Output";
const verdict = "Verdict";

export const outputFlags = [
  {
    long: "latency",
    short: "L",
    kind: "flag",
    section: output,
    help: "Print the latency distribution, as wrk does.",
  },
  {
    long: "u_latency",
    aliases: ["service-time"],
    short: "U",
    key: "serviceTime",
    kind: "flag",
    section: output,
    help: "With -R: also print the service time distribution, measured from the send.",
  },
  {
    long: "phases",
    kind: "flag",
    section: output,
    help:
      "Measure what the time consists of: DNS, connect and TLS for each connection, time to the " +
      "first byte and transfer for each request.",
  },
  {
    long: "percentiles",
    kind: "parsed",
    parse: readPercentiles,
    placeholder: "P,P,...",
    section: output,
    help: "Print these percentiles after Transfer/sec.",
  },
  {
    long: "group-by",
    kind: "parsed",
    parse: readFieldName,
    placeholder: "FIELD",
    section: output,
    help: "Count responses by the value of this field, for example Server.",
  },
  {
    long: "json",
    kind: "string",
    placeholder: "FILE|-",
    section: output,
    help: "Write all results as JSON; - writes to stdout instead of wrk's text.",
  },
  {
    long: "csv",
    kind: "string",
    placeholder: "FILE|-",
    section: output,
    help: "One line per second as CSV.",
  },
  {
    long: "hdr",
    kind: "string",
    placeholder: "FILE",
    section: output,
    help: "Percentile distribution in HdrHistogram's plotter format.",
  },
  {
    long: "timeseries",
    kind: "string",
    placeholder: "FILE|-",
    section: output,
    help: "One JSON object per second, written during the run.",
  },
  {
    long: "html",
    kind: "string",
    placeholder: "FILE",
    section: output,
    help: "A page with curves, distribution and errors; needs no network.",
  },
  {
    long: "live",
    kind: "flag",
    section: output,
    help:
      "Draw rate, latency and errors on the terminal while it runs; q ends it, p prints what is " +
      "shown. See: hayate help load live.",
  },
  {
    long: "metrics",
    kind: "parsed",
    parse: readHealthAddress,
    placeholder: "ADDR",
    section: output,
    help:
      "Answer GET /metrics for Prometheus while it runs, at :9100 (every address), HOST:PORT or " +
      "a unix socket's /path. See: hayate help load metrics.",
  },
  {
    long: "show-secrets",
    kind: "flag",
    section: output,
    help: "Keep secrets in --json and --html: values of Authorization, Cookie, X-Api-Key and " +
      "their like, passwords and tokens in URLs. They are masked otherwise.",
  },
  {
    long: "quiet",
    short: "q",
    kind: "flag",
    section: output,
    help: "Print nothing to the terminal.",
  },
  {
    long: "fail-if",
    kind: "parsed",
    parse: readThreshold,
    placeholder: "'p99>5ms'",
    repeat: true,
    section: verdict,
    help: "Exit 3 if this condition holds: 'p99>5ms', 'errors>0', 'error-rate>1%', '5xx>0', " +
      "'status-404>1%', 'rps<100k'.",
  },
  {
    long: "repeat",
    kind: "integer",
    min: 1,
    max: 1000,
    default: 1,
    section: verdict,
    help: "Number of runs; JSON and HTML keep every run, for compare.",
  },
] as const satisfies readonly OptionSpec[];

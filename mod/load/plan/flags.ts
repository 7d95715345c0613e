/** The flags of `hayate load`. */
import { defineTable } from "../../cli/mod.ts";
import {
  readCondition,
  readConnectTo,
  readFieldName,
  readHeader,
  readMethod,
  readPercentiles,
  readRate,
  readSources,
  readStages,
  readStartAt,
  readSteadyRate,
  readThreshold,
} from "./option_values.ts";
import { machineFlags } from "./machine_flags.ts";

const model = "Load";
const target = "Target";
const tls = "TLS";
const request = "Request";
const output = "Output";
const verdict = "Verdict";

export const loadTable = defineTable({
  command: "hayate load",
  summary: "HTTP load generator with wrk's flags and wrk's output",
  usage: ["[options] URL...", "[options] -s SCRIPT URL [-- ARGS...]", "--plan FILE [options]"],
  description: [
    "Sends requests and prints what wrk prints; additional lines follow " +
    "Transfer/sec. Without -R each connection sends its next request when the response has " +
    "arrived (closed loop). With -R requests are sent at a fixed rate, and latency is measured from " +
    "when the request was due (open loop), so that a server that stalls cannot hide it.",
  ],
  restAfterDashes: true,
  operands: {
    name: "URL",
    min: 0,
    max: 10_000,
    help:
      "http[s]://host[:port]/path, http://unix:/path.sock:/uri or http://[unix:/path.sock]/uri. " +
      "Several are requested in turn.",
  },
  options: [
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
    {
      long: "unix-socket",
      short: "P",
      kind: "string",
      placeholder: "PATH",
      section: target,
      help: "Connect to this unix socket; the URL's host is never looked up.",
    },
    {
      long: "connect-to",
      kind: "parsed",
      parse: readConnectTo,
      placeholder: "HOST:PORT",
      repeat: true,
      section: target,
      help: "Connect to this address instead of the URL's host, or FROMHOST:FROMPORT:HOST:PORT.",
    },
    {
      long: "urls",
      kind: "string",
      placeholder: "FILE",
      section: target,
      help: "More requests, one URL or METHOD URL a line, sent in turn.",
    },
    {
      long: "urls-random",
      kind: "flag",
      section: target,
      help: "Pick URLs at random instead of in turn.",
    },
    {
      long: "source",
      kind: "parsed",
      parse: readSources,
      placeholder: "ADDR|CIDR",
      repeat: true,
      section: target,
      help: "Local addresses to connect from, in turn; each has its own ephemeral ports.",
    },
    {
      long: "linger0",
      kind: "flag",
      section: target,
      help: "Close by reset, which leaves no TIME_WAIT.",
    },
    {
      long: "insecure",
      short: "k",
      kind: "flag",
      section: tls,
      help: "Accept any certificate.",
    },
    {
      long: "cacert",
      kind: "string",
      placeholder: "FILE",
      section: tls,
      help: "Trusted CA certificates (PEM), instead of the system's.",
    },
    {
      long: "cert",
      kind: "string",
      placeholder: "FILE",
      section: tls,
      help: "Client certificate (PEM), for servers that request one.",
    },
    {
      long: "key",
      kind: "string",
      placeholder: "FILE",
      section: tls,
      help: "Private key of --cert (PEM).",
    },
    {
      long: "sni",
      kind: "string",
      placeholder: "NAME",
      section: tls,
      help: "Server name for SNI and certificate verification, instead of the URL's host.",
    },
    {
      long: "tls-min",
      kind: "enum",
      values: ["TLSv1.2", "TLSv1.3"],
      placeholder: "VERSION",
      section: tls,
      help: "Lowest TLS version to offer.",
    },
    {
      long: "tls-resume",
      kind: "flag",
      negatable: true,
      default: true,
      section: tls,
      help: "Resume sessions; --no-tls-resume makes every handshake a full one.",
    },
    {
      long: "method",
      short: "X",
      kind: "parsed",
      parse: readMethod,
      placeholder: "WORD",
      defaultText: "GET, or POST with a body",
      section: request,
      help: "The request's method.",
    },
    {
      long: "header",
      short: "H",
      kind: "parsed",
      parse: readHeader,
      placeholder: "'K: V'",
      repeat: true,
      section: request,
      help: "A header field.",
    },
    {
      long: "body",
      short: "b",
      kind: "string",
      placeholder: "TEXT|@FILE",
      section: request,
      help: "The request's body, or @ and the file that has it; @@ at the start is an @.",
    },
    {
      long: "body-file",
      kind: "string",
      placeholder: "FILE",
      section: request,
      help: "A file with the request's body.",
    },
    {
      long: "host",
      kind: "string",
      placeholder: "NAME",
      section: request,
      help: "Value of the Host field, instead of the URL's.",
    },
    {
      long: "template",
      kind: "flag",
      section: request,
      help:
        "Fill in {rand:1:100}, {seq:1}, {line:FILE} and {uuid} in URLs, fields and body anew for " +
        "each request; {{ is a brace. See: hayate help load templates.",
    },
    {
      long: "http2",
      kind: "flag",
      section: request,
      help:
        "Use HTTP/2: negotiated with ALPN over TLS, with prior knowledge otherwise. Fields of " +
        "HTTP/1.1 connections, such as Connection, are not sent.",
    },
    {
      long: "streams",
      short: "m",
      kind: "integer",
      min: 1,
      max: 10_000,
      default: 1,
      section: request,
      help: "With --http2: requests at once on each connection, each on a stream of its own.",
    },
    { long: "http1.0", key: "http10", kind: "flag", section: request, help: "Use HTTP/1.0." },
    {
      long: "keepalive",
      kind: "flag",
      negatable: true,
      default: true,
      section: request,
      help: "Keep connections open; --no-keepalive makes one connection per request, as " +
        "-H 'Connection: close' does.",
    },
    {
      long: "requests-per-connection",
      kind: "count",
      min: 1,
      section: request,
      help: "Replace each connection after this many responses.",
    },
    {
      long: "retry",
      kind: "flag",
      negatable: true,
      default: false,
      section: request,
      help: "Send an idempotent request again, once, when its kept connection ends before the " +
        "response. Off: a request that was sent and lost is a failure. --fail-if counts both as errors.",
    },
    {
      long: "pipeline",
      kind: "integer",
      min: 1,
      max: 1000,
      default: 1,
      section: request,
      help: "Requests sent at once on each connection.",
    },
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
    ...machineFlags,
  ],
  examples: [
    { run: "hayate load -c 50 -d 10 --latency http://127.0.0.1:8080/", about: "as with wrk" },
    {
      run: "hayate load -c 50 -P /tmp/app.sock http://localhost/",
      about: "over a unix socket",
    },
    {
      run: "hayate load -R 20k -c 100 -d 30s --percentiles 50,99,99.9 http://10.0.0.2/",
      about: "20,000 requests a second, latency measured from when each was due",
    },
    {
      run: "hayate load -n 100k --fail-if 'p99>5ms' --fail-if 'errors>0' http://10.0.0.2/",
      about: "exactly 100,000 requests; exit 3 if one of the conditions holds",
    },
    {
      run: "hayate load --http2 -c 10 -m 32 https://10.0.0.2/",
      about: "HTTP/2, 32 requests at once on each of ten connections",
    },
    {
      run:
        "hayate load --repeat 5 -q --json new.json URL && hayate load compare base.json new.json",
      about: "is the new version slower, beyond noise?",
    },
    {
      run: "hayate load --on ssh:ec2-1,ec2-2,ec2-3 -R 300k -c 300 -d 1m http://10.0.0.2/",
      about: "from three machines at once, with one report",
    },
  ],
  exitCodes: [
    { code: 0, meaning: "the run completed (requests may have failed: see --fail-if)" },
    { code: 1, meaning: "it could not run, no response arrived, or a script failed" },
    { code: 2, meaning: "wrong usage" },
    {
      code: 3,
      meaning:
        "a --fail-if condition held, compare found a regression, or --find-rate failed at --from",
    },
    { code: 130, meaning: "ended by Ctrl-C; what was measured is reported" },
  ],
  environment: [
    { name: "HAYATE_REACTOR", help: "portable or epoll; default: epoll on Linux" },
  ],
});

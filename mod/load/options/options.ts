/** argv -> the plan of a run, with every error at once. Pure. */
import { type ParsedOptions, readOptions, UsageError, Wrong } from "../../cli/mod.ts";
import { proxyFaults } from "./proxy_options.ts";
import { replayFaults } from "./replay_options.ts";
import { templateFaults } from "./template_faults.ts";
import { fleetOf } from "./fleet_options.ts";
import { eventStreamsOf, fieldsWithAccept } from "./event_options.ts";
import { handshakeFields, webSocketOf } from "./web_socket_options.ts";
import { phaseOf } from "../plan/threshold.ts";
import { connectionsOf, searchDurationMs, searchOf, searchWarmupMs } from "./search_options.ts";
import { readTarget } from "./option_values.ts";
import type { LoadPlan, OutputPlan } from "../plan/plan.ts";
import type { Stage } from "../plan/schedule.ts";
import { loadTable } from "./flags.ts";
import type { Target } from "../plan/target.ts";

type Options = ParsedOptions<typeof loadTable>;

const defaultDurationMs = 10_000;

/** Throws `UsageError` with every fault, or `InfoRequest`. */
export function readLoadPlan(argv: readonly string[]): LoadPlan {
  const options = readOptions(loadTable, argv);
  const { values } = options;
  const errors: string[] = [];
  const targets = readTargets(options, errors);
  errors.push(...replayFaults(options, targets), ...proxyFaults(options, targets));
  if (values.template) errors.push(...templateFaults(options));
  checkCombinations(options, errors);
  const search = searchOf(options, errors);
  const eventStreams = eventStreamsOf(options, errors);
  const webSocket = webSocketOf(options, targets, errors);
  const stages = stagesOf(options);
  const keepalive = values.keepalive && !asksForClose(values);
  const requestCount = values.requests ?? Infinity;
  const durationMs = durationOf(options, stages);
  const fleet = fleetOf(options, targets, errors);
  if (errors.length > 0) throw new UsageError(errors);
  const hasBody = values.body !== null || values.bodyFile !== null;
  return {
    targets,
    urlsFile: values.urls,
    urlsRandom: values.urlsRandom,
    unixSocket: values.unixSocket,
    connectTo: values.connectTo,
    proxy: values.proxy,
    proxyTunnel: values.proxyTunnel,
    connections: connectionsOf(values),
    threads: values.threads,
    durationMs,
    requestCount,
    stages,
    warmupMs: values.warmupMs ?? (search === null ? 0 : searchWarmupMs),
    drainMs: values.drainMs,
    timeoutMs: values.timeoutMs,
    method: values.method ?? (hasBody && webSocket === null ? "POST" : "GET"),
    headers: webSocket === null ? fieldsWithAccept(values) : [...values.header, ...handshakeFields],
    body: bodyOf(options),
    template: values.template,
    hostHeader: values.host,
    http10: values.http10,
    http2: values.http2,
    streams: values.streams,
    keepalive,
    requestsPerConnection: keepalive ? values.requestsPerConnection ?? Infinity : 1,
    retry: values.retry,
    pipeline: values.pipeline,
    sources: values.source.flat(),
    linger0: values.linger0,
    tls: {
      verify: !values.insecure,
      caFile: values.cacert,
      certificateFile: values.cert,
      keyFile: values.key,
      minimumVersion: values.tlsMin,
      resume: values.tlsResume,
    },
    serverName: values.sni,
    script: values.script,
    scriptArgs: options.rest,
    replay: values.replay === null ? null : { path: values.replay, speed: values.speed ?? 1 },
    eventStreams,
    webSocket,
    repeat: values.repeat,
    startAtMs: values.startAtMs,
    thresholds: values.failIf,
    search,
    fleet,
    output: outputOf(options),
  };
}

function readTargets(options: Options, errors: string[]): Target[] {
  const targets: Target[] = [];
  for (const text of options.operands) {
    const target = readTarget(text, options.values.template);
    if (target instanceof Wrong) errors.push(`URL ${text}: ${target.reason}`);
    else targets.push(target);
  }
  if (options.operands.length === 0 && options.values.urls === null) errors.push("URL is missing");
  return targets;
}

function checkCombinations({ values, given, rest, operands }: Options, errors: string[]): void {
  const exclusive = (one: string, other: string, why: string) => {
    const key = (flag: string) =>
      flag === "http1.0"
        ? "http10"
        : flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    if (given.has(key(one)) && given.has(key(other))) {
      errors.push(`--${one} and --${other} cannot be combined: ${why}`);
    }
  };
  exclusive("rate", "stages", "both set the rate");
  exclusive("body", "body-file", "a request has one body");
  exclusive("http2", "http1.0", "they are different versions");
  exclusive("live", "quiet", "a quiet run shows nothing");
  exclusive("http2", "pipeline", "use --streams");
  if (given.has("streams") && !values.http2) errors.push("--streams needs --http2");
  if (values.stages !== null && values.durationMs !== null) {
    errors.push("--stages and --duration cannot be combined: the stages set the duration");
  }
  const connections = connectionsOf(values);
  if (connections < values.threads) {
    errors.push(`--connections ${connections} is less than --threads ${values.threads}`);
  }
  const isOpen = values.rate !== null || values.stages !== null || values.findRate.length > 0 ||
    values.replay !== null;
  if (isOpen && values.pipeline > 1) {
    errors.push("--pipeline needs a closed loop: with --rate each request has its own due time");
  }
  const closing = values.keepalive ? "--header 'Connection: close'" : "--no-keepalive";
  const closes = !values.keepalive || asksForClose(values);
  if (closes && values.pipeline > 1) {
    errors.push(`--pipeline needs kept connections: remove ${closing}`);
  }
  if (closes && values.streams > 1) {
    errors.push(`--streams needs kept connections: remove ${closing}`);
  }
  if (closes && (values.requestsPerConnection ?? 1) > 1) {
    errors.push(`${closing} means one request per connection: remove one of them`);
  }
  if (values.serviceTime && !isOpen) {
    errors.push("--u_latency needs --rate: in a closed loop service time is the latency");
  }
  for (const threshold of values.phases ? [] : values.failIf) {
    if (phaseOf(threshold) !== null) errors.push(`--fail-if ${threshold.text}: needs --phases`);
  }
  if (values.urlsRandom && values.urls === null && given.has("urlsRandom") === false) {
    errors.push("--urls-random needs several URLs");
  }
  if (values.script !== null && operands.length !== 1) {
    errors.push("--script needs exactly one URL: the script makes the requests");
  }
  if (rest.length > 0 && values.script === null) errors.push("arguments after -- need --script");
  if (values.key !== null && values.cert === null) errors.push("--key needs --cert");
  if (values.body === "@") errors.push("--body @: the file's name is missing; @@ is an @");
  if (values.host !== null && /[\x00-\x20\x7f]/.test(values.host)) {
    errors.push("--host: blanks and control characters are not allowed");
  }
  const onStdout = ["json", "csv", "timeseries"].filter((name) =>
    (values as Readonly<Record<string, unknown>>)[name] === "-"
  );
  if (onStdout.length > 1) {
    errors.push(`only one of --${onStdout.join(" and --")} can go to stdout`);
  }
}

/**
 * The user's own Connection field ends each connection after its request, as `close` does, and
 * anything but `keep-alive` in HTTP/1.0 (RFC 9112 9.3).
 */
function asksForClose({ header, http10 }: Options["values"]): boolean {
  const options = header.filter(({ name }) => name.toLowerCase() === "connection")
    .flatMap(({ value }) => value.toLowerCase().split(",").map((option) => option.trim()));
  if (options.includes("close")) return true;
  return http10 && options.length > 0 && !options.includes("keep-alive");
}

function stagesOf({ values }: Options): readonly Stage[] | null {
  if (values.stages !== null) return values.stages;
  if (values.rate === null) return null;
  const { start, end } = values.rate;
  const durationMs = values.durationMs ??
    (values.requests === null ? defaultDurationMs : values.requests * 2000 / (start + end));
  return [{ durationMs, rateStart: start, rateEnd: end }];
}

function durationOf({ values }: Options, stages: readonly Stage[] | null): number {
  if (values.durationMs !== null) return values.durationMs;
  // With -n the run ends with the last response, not with the schedule's last request.
  if (values.replay !== null) return Infinity;
  if (values.findRate.length > 0) return searchDurationMs;
  if (values.requests !== null) return Infinity;
  if (stages === null) return defaultDurationMs;
  return stages.reduce((sum, stage) => sum + stage.durationMs, 0);
}

/** `@FILE` is a file's content, as with curl; `@@` at the start is an @. */
function bodyOf({ values: { body, bodyFile } }: Options): LoadPlan["body"] {
  if (body === null) return bodyFile === null ? null : { kind: "file", path: bodyFile };
  if (!body.startsWith("@")) return { kind: "text", text: body };
  if (body.startsWith("@@")) return { kind: "text", text: body.slice(1) };
  return { kind: "file", path: body.slice(1) };
}

function outputOf({ values }: Options): OutputPlan {
  return {
    latency: values.latency,
    serviceTime: values.serviceTime,
    phases: values.phases,
    percentiles: values.percentiles ?? [],
    groupBy: values.groupBy,
    json: values.json,
    csv: values.csv,
    hdr: values.hdr,
    timeseries: values.timeseries,
    html: values.html,
    live: values.live,
    metrics: values.metrics,
    showSecrets: values.showSecrets,
    quiet: values.quiet,
  };
}

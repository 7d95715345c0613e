/** From the plan of a run to the plans of its threads: reads files, resolves names, renders requests. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { type Method, methodNames } from "../../http/mod.ts";
import { extraTimesOf } from "./extra_times.ts";
import { isIdempotent } from "./idempotent.ts";
import type { LoadPlan } from "./plan.ts";
import { buildRequest, isMethod } from "../request/request_bytes.ts";
import { isLoopback, type LookupTimes, resolveTarget } from "./resolve.ts";
import type { Stage } from "./schedule.ts";
import { connectHead, placeOf, wayOf } from "./proxy.ts";
import { checkSources, reachableFrom } from "./source_check.ts";
import { parseTarget, type Target } from "./target.ts";
import { parseTemplateTarget } from "./template_target.ts";
import { messageOf } from "./web_socket.ts";
import { type RenderedRequest, Templates } from "./templates.ts";
import type { ReplayPlan, RequestGroup, ScriptPlan, ThreadPlan } from "./thread_plan.ts";
import { concat } from "../../std/bytes.ts";

/** A request to send, before it is rendered. */
interface WantedRequest {
  readonly method: string;
  readonly target: Target;
}

/** Total bytes of all prepared batches; bounds memory. */
const batchBytesMax = 256 * 1024 * 1024;

/** Which threads of a run are meant: all of it, or those of one machine of several. */
export interface ThreadSlice {
  readonly first: number;
  readonly count: number;
  /** Threads of the whole run, on all machines. */
  readonly total: number;
}

/** The whole run. */
export function wholeRun({ threads }: Pick<LoadPlan, "threads">): ThreadSlice {
  return { first: 0, count: threads, total: threads };
}

export interface PreparedRun {
  readonly threads: readonly ThreadPlan[];
  /** Connections of these threads. */
  readonly connections: number;
  /** The share of a schedule that these threads send: 1 for the whole run. */
  readonly rateShare: number;
  /** The URL in the first line of the report. */
  readonly shownUrl: string;
  /** At least one URL is https. */
  readonly isSecure: boolean;
  /** How long each lookup of a name took, in microseconds. */
  readonly lookupsUs: readonly number[];
}

/**
 * Prepares the threads of `slice`. All of a run's connections, requests and due times are split among
 * all of its threads, so that the slices of several machines add up to the whole. Throws `StartError`
 * for what cannot be read or resolved.
 */
export async function prepareRun(
  plan: LoadPlan,
  /** One for each thread of the slice, or none. */
  scripts: readonly ScriptPlan[],
  reactor: string,
  { first, count, total }: ThreadSlice = wholeRun(plan),
  /** Where a file lies that a placeholder names. */
  locate: (path: string) => string = (path) => path,
): Promise<PreparedRun> {
  const sent = readBody(plan);
  // What a WebSocket sends is a message, not the body of its handshake.
  const body = plan.webSocket === null ? sent : null;
  await checkSources(plan.sources);
  const wanted = wantedOf(plan);
  const lookups: LookupTimes = [];
  const templates = plan.template ? new Templates(plan, body, locate) : null;
  const render = ({ method, target }: WantedRequest): RenderedRequest =>
    templates?.render(method, target) ??
      { bytes: renderPlain({ method, target }, plan, body), varying: null };
  const groups = await Promise.all(
    groupByPlace(wanted, plan).map((requests) => renderGroup(requests, plan, render, lookups)),
  );
  const extraTimes = extraTimesOf(plan);
  const connectionGroups = spreadConnections(groups, plan.connections);
  const stages = withWarmup(plan);
  const webSocket = plan.webSocket === null ? null : messageOf(plan.webSocket, sent);
  const replay = plan.replay === null ? null : replayOf(plan, plan.replay, wanted[0].target);
  const threads: ThreadPlan[] = [];
  let connectionsBefore = 0;
  let connections = 0;
  for (let index = 0; index < first + count; index++) {
    const ours = share(plan.connections, index, total);
    connectionsBefore += ours;
    if (index < first) continue;
    connections += ours;
    threads.push({
      index,
      threadCount: total,
      groups,
      connectionGroups: connectionGroups.slice(connectionsBefore - ours, connectionsBefore),
      connectionsBefore: connectionsBefore - ours,
      pipeline: plan.pipeline,
      http2: plan.http2,
      streams: plan.streams,
      requestCount: share(plan.requestCount, index, total),
      durationMs: plan.durationMs,
      warmupMs: plan.warmupMs,
      drainMs: plan.drainMs,
      stages,
      timeoutMs: plan.timeoutMs,
      requestsPerConnection: plan.requestsPerConnection,
      retry: plan.retry,
      randomOrder: plan.urlsRandom,
      groupBy: plan.output.groupBy,
      extraTimes,
      sources: plan.sources,
      resetOnClose: plan.linger0,
      tls: plan.tls,
      script: scripts[index - first] ?? null,
      replay,
      eventStreams: plan.eventStreams,
      webSocket,
      reactor,
    });
  }
  const isSecure = groups.some((group) => group.serverName !== null);
  const shownUrl = wanted[0].target.text;
  return { threads, connections, rateShare: count / total, shownUrl, isSecure, lookupsUs: lookups };
}

/** The URLs of the command line and of --urls. Throws `StartError` when some are WebSockets and others not. */
function wantedOf(plan: LoadPlan): readonly WantedRequest[] {
  const wanted = [
    ...plan.targets.map((target) => ({ method: plan.method, target })),
    ...(plan.urlsFile === null ? [] : readUrls(plan.urlsFile, plan)),
  ];
  const other = wanted.find(({ target }) => target.isWebSocket !== (plan.webSocket !== null));
  if (other === undefined) return wanted;
  const found = other.target.isWebSocket
    ? "a WebSocket in --urls needs one on the command line, too"
    : "all URLs must be ws or wss, or none of them";
  throw new StartError(`${other.target.text}: ${found}`, exitCodes.usage);
}

/** The same run with the schedule and the times of `plan`. */
export function withTimes(prepared: PreparedRun, plan: LoadPlan): PreparedRun {
  const { durationMs, warmupMs, drainMs } = plan;
  const stages = withWarmup(plan);
  return {
    ...prepared,
    threads: prepared.threads.map((thread) => ({
      ...thread,
      stages,
      durationMs,
      warmupMs,
      drainMs,
    })),
  };
}

/** The share of thread `index` in a whole, spread evenly; Infinity stays. */
function share(whole: number, index: number, count: number): number {
  if (whole === Infinity) return Infinity;
  return Math.floor(whole / count) + (index < whole % count ? 1 : 0);
}

/** With a warm-up the first stage begins earlier, at its own first rate. */
function withWarmup(plan: LoadPlan): readonly Stage[] | null {
  if (plan.stages === null || plan.warmupMs === 0) return plan.stages;
  const rate = plan.stages[0].rateStart;
  return [{ durationMs: plan.warmupMs, rateStart: rate, rateEnd: rate }, ...plan.stages];
}

/** Requests to the same target share connections; groups in order of first use. */
function groupByPlace(wanted: readonly WantedRequest[], plan: LoadPlan): WantedRequest[][] {
  const places = new Map<string, WantedRequest[]>();
  for (const request of wanted) {
    const { unixPath, scheme, authority } = request.target;
    const place = `${scheme}://${plan.unixSocket ?? unixPath ?? authority}`;
    const group = places.get(place);
    if (group === undefined) places.set(place, [request]);
    else group.push(request);
  }
  return [...places.values()];
}

/** Connections in proportion to the requests of each target, at least one each. */
function spreadConnections(groups: readonly RequestGroup[], connections: number): number[] {
  if (groups.length > connections) {
    throw new StartError(
      `${groups.length} targets need at least ${groups.length} connections (-c is ${connections})`,
      2,
    );
  }
  const total = groups.reduce((sum, group) => sum + group.batches.length, 0);
  const counts: number[] = groups.map((group) =>
    Math.max(1, Math.round(connections * group.batches.length / total))
  );
  const spread: number[] = [];
  for (let index = 0; spread.length < connections; index = (index + 1) % groups.length) {
    if (counts[index] > 0) {
      counts[index]--;
      spread.push(index);
    } else if (!counts.some((each) => each > 0)) counts.fill(connections);
  }
  return spread;
}

async function renderGroup(
  requests: readonly WantedRequest[],
  plan: LoadPlan,
  render: (request: WantedRequest) => RenderedRequest,
  lookups: LookupTimes,
): Promise<RequestGroup> {
  const { target } = requests[0];
  const resolved = await resolveTarget(target, plan, lookups);
  const addresses = reachableFrom(plan.sources, target.host, resolved);
  const rendered = requests.map(render);
  const single = rendered.map(({ bytes }) => bytes);
  const varying = rendered.map((each) => each.varying);
  const batches: Uint8Array<ArrayBuffer>[] = [];
  const ends: Int32Array[] = [];
  let bytesTotal = 0;
  for (let first = 0; first < single.length; first++) {
    const parts: Uint8Array[] = [];
    const batchEnds = new Int32Array(plan.pipeline);
    let end = 0;
    for (let each = 0; each < plan.pipeline; each++) {
      const part = single[(first + each) % single.length];
      parts.push(part);
      batchEnds[each] = end += part.length;
    }
    bytesTotal += end;
    if (bytesTotal > batchBytesMax) {
      throw new StartError("the prepared requests exceed 256 MB: lower --pipeline or the body", 2);
    }
    batches.push(plan.pipeline === 1 ? single[first] : concat(parts));
    ends.push(batchEnds);
  }
  const methods = requests.map(({ method }) => Math.max(0, methodNames.indexOf(method)) as Method);
  return {
    addresses,
    batches,
    ends,
    methods,
    idempotent: methods.map(isIdempotent),
    ...(varying.some((each) => each !== null) ? { varying } : {}),
    serverName: serverNameOf(target, plan),
    ...(plan.proxy !== null && wayOf(target, plan) === "tunnel"
      ? { tunnel: connectHead(target, plan.proxy) }
      : {}),
    loopback: isLoopback(addresses),
  };
}

/** The certificate is verified against the URL's host, not the address of --connect-to or a unix socket. */
function serverNameOf(target: Target, plan: LoadPlan): string | null {
  return target.scheme === "https" ? plan.serverName ?? target.host : null;
}

/** The fields of every replayed request, as those of a request for `/`. */
function replayOf(
  plan: LoadPlan,
  { path, speed }: NonNullable<LoadPlan["replay"]>,
  target: Target,
): ReplayPlan {
  const fieldsOf = (method: string) => {
    const bytes = renderPlain({ method, target }, plan, null);
    return bytes.subarray(bytes.indexOf(0x0a) + 1);
  };
  return { path, speed, fields: fieldsOf("GET"), fieldsOfEmpty: fieldsOf("POST") };
}

function renderPlain(request: WantedRequest, plan: LoadPlan, body: Uint8Array | null) {
  return buildRequest({
    method: request.method,
    ...placeOf(request.target, plan),
    authority: plan.hostHeader ?? request.target.authority,
    userinfo: request.target.userinfo,
    body,
    http10: plan.http10,
    keepalive: plan.keepalive,
  });
}

/** The request's body, read from its file; null without one. */
export function readBody(plan: LoadPlan): Uint8Array | null {
  if (plan.body === null) return null;
  if (plan.body.kind === "text") return new TextEncoder().encode(plan.body.text);
  return readFile(plan.body.path);
}

/** One `URL` or `METHOD URL` a line; empty lines and those that start with `#` are skipped. */
export function readUrls(path: string, plan: LoadPlan): WantedRequest[] {
  const wanted: WantedRequest[] = [];
  const faults: string[] = [];
  new TextDecoder().decode(readFile(path)).split(/\r?\n/).forEach((line, index) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0].startsWith("#")) return;
    const method = words.length === 2 ? words[0] : plan.method;
    const target = words.length > 2
      ? "not URL or METHOD URL"
      : !isMethod(method)
      ? `${method} is not an HTTP method`
      : plan.template
      ? parseTemplateTarget(words[words.length - 1])
      : parseTarget(words[words.length - 1]);
    if (typeof target === "string") faults.push(`${path}:${index + 1}: ${target}`);
    else if (plan.proxy !== null && target.unixPath !== null) {
      faults.push(`${path}:${index + 1}: --proxy cannot reach a unix socket`);
    } else wanted.push({ method, target });
  });
  if (faults.length > 0) throw new StartError(faults.slice(0, 10).join("\n"), 2);
  if (wanted.length === 0) throw new StartError(`${path}: no URL in it`, 2);
  return wanted;
}

function readFile(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "no such file"
      : cause instanceof Deno.errors.PermissionDenied
      ? "no permission to read it"
      : (cause as Error).message;
    throw new StartError(`${path}: ${reason}`, 1, { cause });
  }
}

/** Turns the argv of `hayate serve` into a plan. Pure; reports every error at once. */
import { type Environment, type ParsedOptions, readOptions, UsageError } from "../../cli/mod.ts";
import { isResolved } from "../../config/addresses.ts";
import { tokenForm } from "../../conn/accept/access_token.ts";
import { serveTable } from "./flags.ts";
import { readListen } from "./listen_options.ts";
import type { AppPlan, ProcessPlan, ServePlan, StatusPlan, StatusToken } from "./plan.ts";

type Options = ParsedOptions<typeof serveTable>;

/**
 * Throws UsageError, or InfoRequest for --help and --version. `isBuilt`: this program has an app in
 * it, and serves no other.
 */
export function readServePlan(
  argv: readonly string[],
  environment?: Environment,
  isBuilt = false,
): ServePlan {
  const options = readOptions(serveTable, argv, environment);
  const { values } = options;
  const errors: string[] = [];
  const plan: ServePlan = {
    app: isBuilt ? readBuiltApp(options, errors) : readApp(options, errors),
    listen: readListen(options, environment, errors),
    process: readProcess(options),
    http: {
      chunked: values.chunked,
      bodyBytesMax: values.bodyBytesMax === 0 ? Infinity : values.bodyBytesMax,
      headBytesMax: values.headBytesMax,
      messageBytesMax: values.messageBytesMax === 0 ? Infinity : values.messageBytesMax,
      connectionRequestsMax: values.connectionRequestsMax,
      headTimeoutMs: values.headTimeoutMs,
      bodyTimeoutMs: values.bodyTimeoutMs,
      idleTimeoutMs: values.idleTimeoutMs,
      drainIdleMs: values.drainIdleMs,
      writeTimeoutMs: values.writeTimeoutMs,
      allowHalfOpen: values.allowHalfOpen,
      http2: values.http2,
    },
    files: {
      index: values.index.length > 0 ? values.index : ["index.html"],
      listing: values.listing,
      outsideLinks: values.outsideLinks,
      dotFiles: values.dotFiles === "allow",
      precompressed: values.precompressed,
      compress: values.compress,
      spa: values.spa,
      cleanUrls: values.cleanUrls,
      rules: values.rules,
      cache: values.cache,
      cors: values.cors.length === 0 ? null : values.cors.includes("*") ? "*" : values.cors,
      securityHeaders: values.securityHeaders,
    },
    trust: values.trustProxy.length === 0 ? null : {
      peers: {
        ranges: values.trustProxy.flatMap(({ ranges }) => ranges),
        unix: values.trustProxy.some(({ unix }) => unix),
      },
      field: values.trustProxyField,
    },
    log: {
      accessLog: values.accessLog,
      accessLogFormat: values.accessLogFormat,
      quiet: values.quiet,
      flags: { format: values.logFormat, stream: values.logTo },
    },
    status: readStatus(options, errors),
    watch: values.watch,
    health: values.health,
  };
  checkRequests(plan, errors);
  if (errors.length > 0) throw new UsageError(errors);
  return plan;
}

function readProcess({ values }: Options): ProcessPlan {
  return {
    user: values.user,
    workers: values.workers,
    cpus: values.cpuAffinity,
    requestsMax: values.maxRequestsPerChild,
    requestsMin: values.minRequestsPerChild,
    timeoutMs: values.timeoutMs,
    shutdownDelayMs: values.shutdownDelayMs,
    gracefulTimeoutMs: values.gracefulTimeoutMs,
    startTimeoutMs: values.startTimeoutMs,
    spawnIntervalMs: values.spawnIntervalMs,
    errorRespawnIntervalMs: values.errorRespawnIntervalMs,
    memoryBytesMax: values.memoryBytesMax,
    heapBytesMax: values.heapBytesMax,
    admission: values.maxConcurrency === null
      ? null
      : { placesMax: values.maxConcurrency, waitingMax: values.queue ?? 0 },
  };
}

function readApp(options: Options, errors: string[]): AppPlan {
  const { values, operands } = options;
  const [operand] = operands;
  const args = options.rest;
  const hosts = values.site;
  checkSites(options, errors);
  if (args.length > 0 && (operand === undefined || !isScript(operand))) {
    errors.push(`the words after -- are for an app: no APP is given before ${args[0]}`);
  }
  if (values.text !== null) {
    if (operand !== undefined) errors.push(`--text and ${operand} cannot be combined`);
    return { kind: "text", text: values.text };
  }
  if (operand === undefined) {
    if (hosts.length === 0) errors.push("no APP, DIR or --text STR given");
    return { kind: "folder", path: null, hosts };
  }
  return isScript(operand)
    ? { kind: "script", path: operand, args }
    : { kind: "folder", path: operand, hosts };
}

function readBuiltApp({ values, operands, rest }: Options, errors: string[]): AppPlan {
  for (const word of operands) {
    errors.push(
      `unexpected argument ${word}: this program serves the app in it, whose arguments ` +
        "come after --",
    );
  }
  const others = [["--text", values.text !== null], ["--watch", values.watch]] as const;
  for (const [flag, isGiven] of others) {
    if (isGiven) errors.push(`${flag}: this program serves the app in it`);
  }
  return { kind: "built", args: rest };
}

function isScript(path: string): boolean {
  return /\.(js|mjs|cjs|ts|mts|tsx|jsx)$/.test(path);
}

/** What is only for static files. */
function checkSites({ values, operands: [operand = ""] }: Options, errors: string[]): void {
  const names = values.site.map(({ host }) => host);
  const twice = names.find((host, i) => names.indexOf(host) < i);
  if (twice !== undefined) errors.push(`--site ${twice}: given twice`);
  if (values.cors.includes("*") && values.cors.length > 1) {
    errors.push("--cors: * is every origin, give no other one");
  }
  const isApp = values.text === null && isScript(operand);
  if (values.maxConcurrency !== null && !isApp) errors.push("--max-concurrency is for apps");
  if (values.queue !== null && values.maxConcurrency === null) {
    errors.push("--queue needs --max-concurrency N");
  }
  if (values.text === null && !isScript(operand)) return;
  const flags = [
    ["--site", names.length > 0],
    ["--spa", values.spa],
    ["--clean-urls", values.cleanUrls],
    ["--cache", values.cache.length > 0],
    ["--cors", values.cors.length > 0],
    ["--security-headers", values.securityHeaders],
    ["--compress", values.compress],
  ] as const;
  for (const [flag, isGiven] of flags) {
    if (isGiven) errors.push(`${flag} is for static files: give DIR`);
  }
}

function readStatus({ values }: Options, errors: string[]): StatusPlan | null {
  const address = values.statusListen;
  if (!values.statusPath.startsWith("/")) errors.push("--status-path: must begin with /");
  if (values.statusPath === "/metrics") errors.push("--status-path: /metrics is the metrics' own");
  if (address === null) return null;
  const named = address.kind === "tcp" && (address.host === "" || address.host === "localhost")
    ? { ...address, host: "127.0.0.1" }
    : address;
  const token = readStatusToken(values.statusToken, values.statusTokenFile, errors);
  if (named.kind === "tcp" && token === null) {
    errors.push(
      "--status-listen: a TCP address needs a token (--status-token-file FILE, or HAYATE_TOKEN in " +
        "the environment); or use a unix path",
    );
  }
  if (isResolved(named)) return { address: named, path: values.statusPath, token };
  errors.push("--status-listen: the host is not an IP address");
  return null;
}

function readStatusToken(
  text: string | null,
  file: string | null,
  errors: string[],
): StatusToken | null {
  if (file !== null) return { file };
  if (text === null) return null;
  if (tokenForm.test(text)) return { text };
  errors.push("--status-token: must be one or more visible ASCII characters");
  return null;
}

function checkRequests(plan: ServePlan, errors: string[]): void {
  const { requestsMin, requestsMax } = plan.process;
  if (requestsMin === null) return;
  if (requestsMax === null) {
    errors.push("--min-requests-per-child needs --max-requests-per-child");
  } else if (requestsMin > requestsMax) {
    errors.push("--min-requests-per-child is larger than --max-requests-per-child");
  }
}

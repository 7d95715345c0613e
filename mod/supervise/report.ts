/** Facts to lines: Server::Starter's words, or JSON. Pure. */
import { jsonLogLine } from "../base/log_choice.ts";
import type { Container } from "../process/container.ts";
import type { ListenSpec } from "./plan/listen_spec.ts";
import type { RunPlan } from "./plan/plan.ts";
import { describeStatus } from "./core/reasons.ts";
import type { LogEvent } from "./core/state.ts";

/** What the supervisor has to say besides the core's events. */
export type ReportEvent =
  | LogEvent
  | { readonly event: "start"; readonly pid: number }
  | { readonly event: "descriptor"; readonly number: number }
  | { readonly event: "socket-removed"; readonly path: string }
  | { readonly event: "reopened"; readonly path: string }
  | { readonly event: "reopen-failed"; readonly path: string; readonly reason: string }
  | { readonly event: "logger-died"; readonly status: number }
  | { readonly event: "lines-lost"; readonly count: number }
  | { readonly event: "note"; readonly text: string };

const none = "none";

/** One line, without its line feed. */
export function textLine(entry: ReportEvent): string {
  switch (entry.event) {
    case "start":
      return `start_server (pid:${entry.pid}) starting now...`;
    case "descriptor":
      return `socket is duplicated to file descriptor ${entry.number}`;
    case "socket-removed":
      return `removing existing socket file:${entry.path}`;
    case "starting":
      return `starting new worker ${entry.pid}`;
    case "refused":
      return `failed to exec ${entry.reason}`;
    case "start-failed":
      return `new worker ${entry.pid} seems to have failed to start, exit status:` +
        (entry.status ?? "unknown");
    case "start-timeout":
      return `new worker ${entry.pid} is not ready after ${seconds(entry.timeoutMs)} secs`;
    case "retry":
      return `${entry.failures} starts have failed, waiting ${seconds(entry.delayMs)} secs`;
    case "hup":
      return "received HUP, spawning a new worker";
    case "hup-waits":
      return "received HUP during a restart, another one will follow";
    case "auto-restart":
      return `autorestart triggered (${entry.forced ? "forced, " : ""}interval=${
        seconds(entry.intervalMs)
      })`;
    case "takeover":
      return `taking over from a supervisor that died, workers:${entry.pids.join(",")}`;
    case "running":
      return `new worker is now running, sending ${entry.signal} to old workers:` +
        (entry.pids.join(",") || none);
    case "kill-delay":
      return `sleeping ${seconds(entry.delayMs)} secs before killing old workers`;
    case "trial":
      return `new worker ${entry.pid} is on trial for ${seconds(entry.trialMs)} secs`;
    case "killing":
      return "killing old workers";
    case "blocked":
      return `${entry.alive} generations are alive, waiting for an old worker to end`;
    default:
      return laterLine(entry);
  }
}

type LaterEvent = Exclude<ReportEvent, { event: EarlyName }>;
type EarlyName =
  | "start"
  | "descriptor"
  | "socket-removed"
  | "starting"
  | "refused"
  | "start-failed"
  | "start-timeout"
  | "retry"
  | "hup"
  | "hup-waits"
  | "auto-restart"
  | "takeover"
  | "running"
  | "kill-delay"
  | "trial"
  | "killing"
  | "blocked";

function laterLine(entry: LaterEvent): string {
  switch (entry.event) {
    case "gave-up":
      return entry.serving === null
        ? `giving up: ${entry.reason}`
        : `giving up the restart: ${entry.reason}; worker ${entry.serving} serves on`;
    case "rolled-back":
      return `new worker ${entry.pid} died while the old one was alive (${
        describeStatus(entry.status)
      }), worker ${entry.to} serves again`;
    case "old-died":
      return `old worker ${entry.pid} died, status:${entry.status ?? "unknown"}`;
    case "died-unexpectedly":
      return `worker ${entry.pid} died unexpectedly with status:${
        entry.status ?? "unknown"
      }, restarting`;
    case "drain-timeout":
      return `worker ${entry.pid} has not ended within ${
        seconds(entry.timeoutMs)
      } secs, killing it`;
    case "stopping":
      return `received ${entry.received}, sending ${entry.signal} to all workers:` +
        entry.pids.join(",");
    case "hurrying":
      return `received ${entry.received} again, hurrying workers:${entry.pids.join(",")}`;
    case "killed":
      return `killing workers:${entry.pids.join(",")}`;
    case "died":
      return `worker ${entry.pid} died, status:${entry.status ?? "unknown"}`;
    case "exiting":
      return "exiting";
    case "reopened":
      return `log file ${entry.path} opened anew`;
    case "reopen-failed":
      return `cannot open the log file ${entry.path} anew: ${entry.reason}`;
    case "logger-died":
      return `the log command ended (${describeStatus(entry.status)}), it is started again`;
    case "lines-lost":
      return `${entry.count} lines of the supervisor were lost while the log command did not read`;
    case "note":
      return entry.text;
  }
}

/** The same as one JSON object a line. */
export function jsonLine(entry: ReportEvent, timeMs: number): string {
  return jsonLogLine(timeMs, levelOf(entry), textLine(entry), { name: "supervise", ...entry });
}

const warnings: readonly ReportEvent["event"][] = [
  "refused",
  "start-failed",
  "start-timeout",
  "retry",
  "rolled-back",
  "died-unexpectedly",
  "drain-timeout",
  "killed",
  "reopen-failed",
  "logger-died",
  "lines-lost",
];

/** How much it matters, in the words of the other modes' logs. */
export function levelOf({ event }: ReportEvent): "info" | "warn" | "error" {
  if (event === "gave-up") return "error";
  return warnings.includes(event) ? "warn" : "info";
}

/** Whole seconds as Server::Starter prints them; fractions only where there are some. */
function seconds(ms: number): string {
  return String(ms / 1000);
}

/** A few lines for whoever started us at a terminal: what listens where, and what to do next. */
export function greeting(
  plan: RunPlan,
  pid: number,
  program: string,
  version: string,
  container: Container | null,
): string[] {
  const tcp = plan.listen.filter(({ address, datagram }) => address.kind === "tcp" && !datagram);
  const urls = tcp.map(urlOf);
  const places = plan.own
    ? [...urls, ...plan.listen.filter((spec) => !tcp.includes(spec)).map(({ name }) => name)]
    : plan.listen.map(({ name }) => name);
  const listens = places.length === 0 ? "runs without sockets of ours" : places.join("  ");
  const lines = [`hayate ${version} supervises ${plan.command[0]}: ${listens}`];
  const how = container === null
    ? { reload: `kill -HUP ${pid}`, stop: `kill -TERM ${pid}` }
    : fromOutside(container, plan, program);
  lines.push(`  reload  ${how.reload}`);
  const target = plan.own ? loadTarget(plan) : null;
  if (target !== null) lines.push(`  load    ${program} load -c 50 -d 10s ${target}`);
  lines.push(`  stop    Ctrl-C, or ${how.stop}`);
  return lines;
}

/** What an operator types who sits outside of the container; inside there is neither a shell nor kill. */
function fromOutside({ engine, name }: Container, plan: RunPlan, program: string) {
  if (engine === "docker" || engine === "podman") {
    const who = name ?? "NAME";
    return { reload: `${engine} kill --signal=HUP ${who}`, stop: `${engine} stop ${who}` };
  }
  if (engine === "kubernetes") {
    const who = name ?? "POD";
    const socket = plan.controlPath ?? "SOCKET";
    const hint = plan.controlPath === null ? "   (with --control SOCKET)" : "";
    return {
      reload: `kubectl exec ${who} -- ${program} supervise reload ${socket}${hint}`,
      stop: `kubectl delete pod ${who}`,
    };
  }
  return { reload: "send HUP to the container", stop: "send it TERM" };
}

function loadTarget(plan: RunPlan): string | null {
  const streams = plan.listen.filter(({ datagram }) => !datagram);
  const first = streams.find(({ tls }) => !tls) ?? streams[0];
  if (first === undefined) return null;
  const { address } = first;
  if (address.kind === "unix") return `-P ${address.path} http://localhost/`;
  return first.tls ? `-k ${urlOf(first)}` : urlOf(first);
}

function urlOf({ address, name, tls }: ListenSpec): string {
  if (address.kind === "unix") return name;
  const local = address.host === "0.0.0.0" ? "127.0.0.1" : address.host;
  const host = local.includes(":") ? `[${local}]` : local;
  const isDefault = address.port === (tls ? 443 : 80);
  return `${tls ? "https" : "http"}://${host}${isDefault ? "" : `:${address.port}`}/`;
}

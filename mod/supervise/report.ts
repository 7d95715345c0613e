/** Log lines of the supervisor: Server::Starter's texts, or JSON. Pure. */
import { jsonLogLine } from "../base/log_choice.ts";
import { describeStatus } from "../lifecycle/core/reasons.ts";
import type { LogEvent } from "../lifecycle/core/state.ts";

/** Everything that is logged: the core's events and those of the rest. */
export type ReportEvent =
  | LogEvent
  | { readonly event: "start"; readonly pid: number }
  | { readonly event: "descriptor"; readonly number: number }
  | { readonly event: "socket-removed"; readonly path: string }
  | { readonly event: "reopened"; readonly path: string }
  | { readonly event: "reopen-failed"; readonly path: string; readonly reason: string }
  | { readonly event: "logger-died"; readonly status: number }
  | { readonly event: "lines-lost"; readonly count: number }
  | { readonly event: "leaving"; readonly delayMs: number }
  | { readonly event: "note"; readonly text: string }
  | { readonly event: "fault"; readonly text: string };

type ReportName = ReportEvent["event"];

/**
 * The text of each event. Those that Server::Starter has, too, are word for word its own: programs
 * match them.
 */
const texts: {
  readonly [Name in ReportName]: (entry: Extract<ReportEvent, { event: Name }>) => string;
} = {
  "start": ({ pid }) => `start_server (pid:${pid}) starting now...`,
  "descriptor": ({ number }) => `socket is duplicated to file descriptor ${number}`,
  "socket-removed": ({ path }) => `removing existing socket file:${path}`,
  "starting": ({ pid }) => `starting new worker ${pid}`,
  "refused": ({ reason }) => `failed to exec ${reason}`,
  "start-failed": ({ pid, status }) =>
    `new worker ${pid} seems to have failed to start, exit status:${status ?? "unknown"}`,
  "start-timeout": ({ pid, timeoutMs }) =>
    `new worker ${pid} is not ready after ${seconds(timeoutMs)} secs`,
  "retry": ({ failures, delayMs }) =>
    `${failures} starts have failed, waiting ${seconds(delayMs)} secs`,
  "hup": () => "received HUP, spawning a new worker",
  "hup-waits": () => "received HUP during a restart, will restart again afterwards",
  "auto-restart": ({ forced, intervalMs }) =>
    `autorestart triggered (${forced ? "forced, " : ""}interval=${seconds(intervalMs)})`,
  "takeover": ({ pids }) => `replacing workers of the supervisor before this:${pids.join(",")}`,
  "running": ({ signal, pids }) =>
    `new worker is now running, sending ${signal} to old workers:${pids.join(",") || "none"}`,
  "replacing": ({ pid, reason }) => `replacing worker ${pid}: ${reason}`,
  "kill-delay": ({ delayMs }) => `sleeping ${seconds(delayMs)} secs before killing old workers`,
  "trial": ({ pid, trialMs }) => `new worker ${pid} is on trial for ${seconds(trialMs)} secs`,
  "killing": () => "killing old workers",
  "blocked": ({ alive }) => `${alive} generations are alive, waiting for an old worker to end`,
  "gave-up": ({ reason, serving }) =>
    serving === null
      ? `giving up: ${reason}`
      : `giving up the restart: ${reason}; worker ${serving} keeps serving`,
  "rolled-back": ({ pid, status, to }) =>
    `new worker ${pid} died while the old one was alive (${describeStatus(status)}), ` +
    `worker ${to} serves again`,
  "old-died": ({ pid, status }) => `old worker ${pid} died, status:${status ?? "unknown"}`,
  "died-unexpectedly": ({ pid, status }) =>
    `worker ${pid} died unexpectedly with status:${status ?? "unknown"}, restarting`,
  "drain-timeout": ({ pid, timeoutMs }) =>
    `worker ${pid} has not ended within ${seconds(timeoutMs)} secs, killing it`,
  "stopping": ({ received, signal, pids }) =>
    `received ${received}, sending ${signal} to all workers:${pids.join(",")}`,
  "hurrying": ({ received, pids }) =>
    `received ${received} again, sending TERM to remaining workers:${pids.join(",")}`,
  "killed": ({ pids }) => `killing workers:${pids.join(",")}`,
  "died": ({ pid, status }) => `worker ${pid} died, status:${status ?? "unknown"}`,
  "exiting": () => "exiting",
  "reopened": ({ path }) => `reopened log file ${path}`,
  "reopen-failed": ({ path, reason }) => `cannot reopen log file ${path}: ${reason}`,
  "logger-died": ({ status }) => `the log command ended (${describeStatus(status)}), restarting it`,
  "lines-lost": ({ count }) =>
    `dropped ${count} lines of the supervisor while the log command did not read`,
  "leaving": ({ delayMs }) =>
    `received TERM, accepting for ${seconds(delayMs)} secs more before the stop`,
  "note": ({ text }) => text,
  "fault": ({ text }) => text,
};

/** One line, without its line feed. */
export function textLine(entry: ReportEvent): string {
  return (texts[entry.event] as (entry: ReportEvent) => string)(entry);
}

/** One JSON object with the text and the event's fields, without a line feed. */
export function jsonLine(entry: ReportEvent, timeMs: number): string {
  return jsonLogLine(timeMs, levelOf(entry), textLine(entry), { name: "supervise", ...entry });
}

const warnings: readonly ReportName[] = [
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

/** The event's level, named as in the other modes' logs. */
export function levelOf({ event }: ReportEvent): "info" | "warn" | "error" {
  if (event === "gave-up" || event === "fault") return "error";
  return warnings.includes(event) ? "warn" : "info";
}

/** Seconds as Server::Starter prints them: a fraction only when there is one. */
function seconds(ms: number): string {
  return String(ms / 1000);
}

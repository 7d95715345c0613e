/** What a master logs of its workers' lifecycle. Pure. */
import { hurryMs } from "../../lifecycle/core/shutdown.ts";
import type { LogEvent } from "../../lifecycle/core/state.ts";
import { deathSignalOf, exitCodeOf } from "../../process/children/children.ts";
import { signalName } from "../../process/signals/signals.ts";

export interface ReportLine {
  readonly level: "info" | "warn" | "error";
  readonly text: string;
}

/** The lines of an event; most have none. `anyServed`: some worker has been ready before. */
export function linesOf(entry: LogEvent, anyServed: boolean): ReportLine[] {
  switch (entry.event) {
    case "refused":
      return [{ level: "error", text: `cannot start a worker: ${entry.reason}` }];
    case "start-failed":
      // The first worker, which shows whether the app can run at all, logs an error itself.
      return anyServed || deathSignalOf(entry.status ?? 0) !== 0
        ? [warn(entry.pid, `failed to start (${howOf(entry.status)})`)]
        : [];
    case "died-unexpectedly":
    case "rolled-back":
      return [warn(entry.pid, `died (${howOf(entry.status)})`)];
    case "gave-up":
      if (entry.serving === null) return [];
      return [{ level: "warn", text: "reload failed, the old workers keep serving" }];
    case "replacing":
      return [{ level: "info", text: `replacing worker ${entry.pid}: ${entry.reason}` }];
    case "drain-timeout":
      return [killing(entry.pid, entry.timeoutMs)];
    case "killed":
      return entry.pids.map((pid) => killing(pid, hurryMs));
    default:
      return [];
  }
}

function warn(pid: number, what: string): ReportLine {
  return { level: "warn", text: `worker ${pid} ${what}` };
}

function killing(pid: number, limitMs: number): ReportLine {
  return { level: "warn", text: `killing worker ${pid}: it did not exit within ${limitMs} ms` };
}

/** `exit code 1`, `signal KILL`. */
function howOf(status: number | null): string {
  const signal = deathSignalOf(status ?? 0);
  return signal === 0 ? `exit code ${exitCodeOf(status ?? 0)}` : `signal ${signalName(signal)}`;
}

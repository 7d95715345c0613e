/** Log targets as users write them: a path, `| command`, `syslog:...`, `-`. */
import type { RotationRule } from "./rotation.ts";
import { facilities } from "./syslog_sink.ts";

export type LogTarget =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stream"; readonly name: "stdout" | "stderr" }
  | { readonly kind: "pipe"; readonly command: string }
  /** A rotated file (Tengine's `pipe:rollback`). */
  | { readonly kind: "rollback"; readonly path: string; readonly rule: RotationRule }
  | {
    readonly kind: "syslog";
    readonly transport: "udp" | "tcp" | "unix";
    /** `host:port`, `[v6]:port`, or the socket's path. */
    readonly address: string;
    readonly facility: number;
    readonly tag: string;
  };

/**
 * Parses a log target. `-` and `/dev/stdout` are this process's stdout, `/dev/stderr` its stderr.
 * `| COMMAND` (or `pipe:COMMAND`) is a command's standard input; `pipe:rollback PATH interval=1d
 * baknum=5 maxsize=1G adjust=60` a file rotated by age and size.
 * `syslog:udp://host:514,facility=local7,tag=web`, `syslog:tcp://...`, `syslog:unix:/dev/log`.
 * Throws `RangeError` with one line.
 */
export function parseLogTarget(text: string): LogTarget {
  const trimmed = text.trim();
  if (trimmed === "") throw new RangeError("log target is empty");
  if (trimmed === "-" || trimmed === "/dev/stdout") return { kind: "stream", name: "stdout" };
  if (trimmed === "/dev/stderr") return { kind: "stream", name: "stderr" };
  if (trimmed.startsWith("syslog:")) return parseSyslog(trimmed.slice("syslog:".length));
  if (/^pipe:rollback(\s|$)/.test(trimmed)) {
    return parseRollback(trimmed.slice("pipe:rollback".length));
  }
  const pipe = /^(\||pipe:)(.*)$/s.exec(trimmed);
  if (pipe === null) return { kind: "file", path: trimmed };
  const command = (pipe[2] as string).trim();
  if (command === "") throw new RangeError(`log target ${pipe[1]} has no command`);
  return { kind: "pipe", command };
}

/** Tengine's time suffixes in seconds; none means seconds. */
const intervalSeconds: Readonly<Record<string, number>> = {
  "": 1,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};
const sizeBytes: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function parseRollback(text: string): LogTarget {
  const [path = "", ...settings] = text.trim().split(/\s+/);
  if (path === "" || path.includes("=")) throw new RangeError("pipe:rollback has no path");
  const rule = { intervalMs: 0, bytesMax: 0, backupCount: 1, adjustMs: 60_000 };
  for (const setting of settings) {
    const match = /^(interval|baknum|maxsize|adjust)=(\d+)([a-zA-Z]?)$/.exec(setting);
    const unit = (match?.[3] ?? "").toLowerCase();
    const factor = match?.[1] === "maxsize"
      ? sizeBytes[unit]
      : match?.[1] === "baknum"
      ? (unit === "" ? 1 : undefined)
      : intervalSeconds[unit];
    if (match === null || factor === undefined) {
      throw new RangeError(
        `pipe:rollback: unknown setting ${setting}, allowed are interval=1d, baknum=5, maxsize=1G, adjust=60`,
      );
    }
    const value = Number(match[2]) * factor;
    if (match[1] === "interval") rule.intervalMs = value * 1000;
    else if (match[1] === "adjust") rule.adjustMs = value * 1000;
    else if (match[1] === "maxsize") rule.bytesMax = value;
    else rule.backupCount = Math.max(1, value);
  }
  return { kind: "rollback", path, rule };
}

/** RFC 5424 6.2.5. */
const appName = /^[!-~]{1,48}$/;

function parseSyslog(text: string): LogTarget {
  const [place = "", ...settings] = text.split(",");
  const match = /^(?:(udp|tcp):\/\/(.+)|unix:(\/.+))$/.exec(place);
  const port = Number(/:(\d+)$/.exec(match?.[2] ?? "")?.[1] ?? 514);
  if (match === null || port < 1 || port > 65_535) {
    throw new RangeError(
      `syslog:${place} is not syslog:udp://HOST[:PORT], syslog:tcp://HOST[:PORT] or syslog:unix:/PATH`,
    );
  }
  let facility = facilities["local7"] as number;
  let tag = "hayate";
  for (const setting of settings) {
    const [name = "", value = ""] = setting.split("=");
    if (name === "tag" && appName.test(value)) tag = value;
    else if (name === "facility" && facilities[value] !== undefined) {
      facility = facilities[value] as number;
    } else {throw new RangeError(
        `syslog: unknown setting ${setting}, allowed are facility=${
          Object.keys(facilities).join("|")
        } and tag=NAME`,
      );}
  }
  if (match[3] !== undefined) {
    return { kind: "syslog", transport: "unix", address: match[3], facility, tag };
  }
  return {
    kind: "syslog",
    transport: match[1] as "udp" | "tcp",
    address: withPort(match[2] as string),
    facility,
    tag,
  };
}

/** Appends the default port 514 of RFC 5426 and RFC 6587. */
function withPort(address: string): string {
  return /(^|[^:]):\d+$|\]:\d+$/.test(address) ? address : `${address}:514`;
}

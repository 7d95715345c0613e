/** What a user writes where a log goes: a path, `| command`, `syslog:...`, `-`. */
import { facilities } from "./syslog_sink.ts";

export type LogTarget =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stream"; readonly name: "stdout" | "stderr" }
  | { readonly kind: "pipe"; readonly command: string }
  | {
    readonly kind: "syslog";
    readonly transport: "udp" | "tcp" | "unix";
    /** `host:port`, `[v6]:port`, or the socket's path. */
    readonly address: string;
    readonly facility: number;
    readonly tag: string;
  };

/**
 * Reads a log target. `-` and `/dev/stdout` are this process's stdout, `/dev/stderr` its stderr.
 * `syslog:udp://host:514,facility=local7,tag=web`, `syslog:tcp://...`, `syslog:unix:/dev/log`.
 * Throws `RangeError` with one line.
 */
export function parseLogTarget(text: string): LogTarget {
  const trimmed = text.trim();
  if (trimmed === "") throw new RangeError("log target is empty");
  if (trimmed === "-" || trimmed === "/dev/stdout") return { kind: "stream", name: "stdout" };
  if (trimmed === "/dev/stderr") return { kind: "stream", name: "stderr" };
  if (trimmed.startsWith("syslog:")) return parseSyslog(trimmed.slice("syslog:".length));
  if (!trimmed.startsWith("|")) return { kind: "file", path: trimmed };
  const command = trimmed.slice(1).trim();
  if (command === "") throw new RangeError("log target | lacks its command");
  return { kind: "pipe", command };
}

function parseSyslog(text: string): LogTarget {
  const [place = "", ...settings] = text.split(",");
  const match = /^(?:(udp|tcp):\/\/(.+)|unix:(\/.+))$/.exec(place);
  if (match === null) {
    throw new RangeError(
      `syslog:${place} is not syslog:udp://HOST[:PORT], syslog:tcp://HOST[:PORT] or syslog:unix:/PATH`,
    );
  }
  let facility = facilities["local7"] as number;
  let tag = "hayate";
  for (const setting of settings) {
    const [name = "", value = ""] = setting.split("=");
    if (name === "tag" && value !== "") tag = value;
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

/** RFC 5426 and RFC 6587 both say 514. */
function withPort(address: string): string {
  return /(^|[^:]):\d+$|\]:\d+$/.test(address) ? address : `${address}:514`;
}

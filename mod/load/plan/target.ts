/** Parses the URLs that load accepts. Pure. */
import { parseIp } from "../../base/ip.ts";

export interface Target {
  /** As the user typed it. */
  readonly text: string;
  readonly scheme: "http" | "https";
  /** The scheme was ws, or wss, which is https. */
  readonly isWebSocket: boolean;
  /** A name or IP literal, without brackets; "localhost" for a unix socket. */
  readonly host: string;
  /** null when the URL has none. */
  readonly port: number | null;
  /** The value of Host: with the port only if the URL has one, as wrk sends it. */
  readonly authority: string;
  /** Path and query, as typed; at least `/`. */
  readonly path: string;
  /** `user:password` of the URL, decoded; null without one. */
  readonly userinfo: string | null;
  /** The socket's path, for `http://unix:/path:/uri` and `http://[unix:/path]/uri`, or ws. */
  readonly unixPath: string | null;
}

/** What each scheme is beneath. */
const schemes: Readonly<Record<string, Target["scheme"] | undefined>> = {
  http: "http",
  https: "https",
  ws: "http",
  wss: "https",
};

/** Reads a URL; a text without a scheme is http. Returns the reason when it is invalid. */
export function parseTarget(text: string): Target | string {
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text)!;
  const named = (match[1] ?? "http").toLowerCase();
  const scheme = schemes[named];
  if (scheme === undefined) return `scheme ${named} is not http, https, ws or wss`;
  if (/[\x00-\x20\x7f]/.test(text)) return "blanks and control characters must be %-encoded";
  const rest = match[2];
  if (/^unix:/i.test(rest)) return unixTarget(text, scheme, rest.slice(5));
  const bracketed = /^\[unix:([^\]]+)\](.*)$/i.exec(rest);
  if (bracketed !== null) {
    return makeTarget(text, scheme, "localhost", null, bracketed[2], bracketed[1]);
  }
  const split = rest.search(/[/?#]/);
  const whole = split < 0 ? rest : rest.slice(0, split);
  const at = whole.lastIndexOf("@");
  const target = tcpTarget(text, scheme, whole.slice(at + 1), split < 0 ? "" : rest.slice(split));
  if (typeof target === "string" || at < 0) return target;
  return { ...target, userinfo: decode(whole.slice(0, at)) };
}

/** A `%` that starts no escape is literal. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** nginx's form: the socket's path ends at the next colon. */
function unixTarget(text: string, scheme: Target["scheme"], rest: string): Target | string {
  const colon = rest.indexOf(":");
  const socket = colon < 0 ? rest : rest.slice(0, colon);
  if (socket === "") return "the path of the unix socket is missing";
  return makeTarget(
    text,
    scheme,
    "localhost",
    null,
    colon < 0 ? "" : rest.slice(colon + 1),
    socket,
  );
}

function tcpTarget(
  text: string,
  scheme: Target["scheme"],
  authority: string,
  path: string,
): Target | string {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority);
  if (match === null) return `${authority} is not host or host:port`;
  const host = match[1] ?? match[2];
  if (host === "") return "the host is missing";
  if (match[1] !== undefined && parseIp(host) === null) return `[${host}] is not an IPv6 address`;
  const port = match[3] === undefined || match[3] === "" ? null : Number(match[3]);
  if (port !== null && (port < 1 || port > 65535)) return `port ${match[3]} is not 1 to 65535`;
  return makeTarget(text, scheme, host, port, path, null);
}

function makeTarget(
  text: string,
  scheme: Target["scheme"],
  host: string,
  port: number | null,
  rest: string,
  unixPath: string | null,
): Target {
  // A fragment never goes over the wire (RFC 9110 7.1), though wrk sends it.
  const path = rest.replace(/#.*$/s, "");
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    text,
    scheme,
    isWebSocket: /^wss?:\/\//i.test(text),
    host,
    port,
    authority: port === null ? shown : `${shown}:${port}`,
    path: path.startsWith("/") ? path : `/${path}`,
    userinfo: null,
    unixPath,
  };
}

/** The port to connect to. */
export function portOf(target: Target): number {
  return target.port ?? (target.scheme === "https" ? 443 : 80);
}

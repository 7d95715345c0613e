/** The URL of `proxy.reverse.url`: `http://host[:port]/base` or `http://[unix:/path]/base`. */
import { type HostAddress, isHostName, isIpv6, isUnixPath, parsePort } from "./addresses.ts";

export interface UpstreamUrl {
  readonly scheme: "http" | "https";
  readonly address: HostAddress;
  /** What stands between `//` and the path, as written: the Host that h2o sends. */
  readonly authority: string;
  /** Path with its leading slash; `/` when the URL has none. */
  readonly path: string;
  readonly portGiven: boolean;
}

/** Parses the URL; a string is the reason why it is none. */
export function parseUpstreamUrl(text: string): UpstreamUrl | string {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/]*\[[^\]]*\][^/]*|[^/]*)(\/.*)?$/.exec(text);
  if (match === null) return "it is no absolute URL";
  const scheme = match[1].toLowerCase();
  if (scheme !== "http" && scheme !== "https") return `the scheme ${match[1]} is not supported`;
  const authority = match[2];
  const path = match[3] ?? "/";
  if (/[\x00-\x20\x7f?#]/.test(path)) return "the path has a blank, `?` or `#`";
  const parsed = parseAuthority(authority, scheme === "https" ? 443 : 80);
  if (typeof parsed === "string") return parsed;
  return { scheme, authority, path, ...parsed };
}

function parseAuthority(
  authority: string,
  portDefault: number,
): { address: HostAddress; portGiven: boolean } | string {
  const unix = /^\[unix:([^\]]*)\]$/.exec(authority);
  if (unix !== null) {
    if (!isUnixPath(unix[1])) return "the socket path must be absolute and at most 107 bytes";
    return { address: { kind: "unix", path: unix[1] }, portGiven: false };
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::([0-9]*))?$/.exec(authority);
  if (match === null) return "it has no valid host";
  const [, literal, name, portText] = match;
  if (literal !== undefined && !isIpv6(literal)) return `[${literal}] is no IPv6 address`;
  if (name !== undefined && !isHostName(name)) return `${name} is no host name`;
  const portGiven = portText !== undefined && portText !== "";
  const port = portGiven ? parsePort(portText) : portDefault;
  if (port === null || port === 0) return `${portText} is no port`;
  return { address: { kind: "tcp", host: literal ?? name, port }, portGiven };
}

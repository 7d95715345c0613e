/** The URL of `proxy.reverse.url`: `http://host[:port]/base` or `http://[unix:/path]/base`. */
import { unixPathBytesMax } from "../base/address.ts";
import { type HostAddress, isHostName, isIpv6, isUnixPath, parsePort } from "./addresses.ts";

export interface UpstreamUrl {
  readonly scheme: "http" | "https";
  readonly address: HostAddress;
  /** The part between `//` and the path, as written; h2o sends it as Host. */
  readonly authority: string;
  /** Path with its leading slash; `/` if the URL has none. */
  readonly path: string;
  readonly portGiven: boolean;
}

/** Parses the URL; a string result is the reason why it is invalid. */
export function parseUpstreamUrl(text: string): UpstreamUrl | string {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/]*\[[^\]]*\][^/]*|[^/]*)(\/.*)?$/.exec(text);
  if (match === null) return "not an absolute URL";
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
    if (!isUnixPath(unix[1])) {
      return `the socket path must be absolute and at most ${unixPathBytesMax} bytes`;
    }
    return { address: { kind: "unix", path: unix[1] }, portGiven: false };
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::([0-9]*))?$/.exec(authority);
  if (match === null) return "the host is missing or malformed";
  const [, literal, name, portText] = match;
  if (literal !== undefined && !isIpv6(literal)) return `[${literal}] is not an IPv6 address`;
  if (name !== undefined && !isHostName(name)) return `${name} is not a host name`;
  const portGiven = portText !== undefined && portText !== "";
  const port = portGiven ? parsePort(portText) : portDefault;
  if (port === null || port === 0) return `${portText} is not a port from 1 to 65535`;
  return { address: { kind: "tcp", host: literal ?? name, port }, portGiven };
}

/** `--proxy`: the HTTP proxy between hayate and the servers. Pure. */
import { Wrong } from "../../cli/mod.ts";
import { basicCredentials, type HeaderField } from "../request/request_bytes.ts";
import { parseTarget, portOf, type Target } from "./target.ts";

const credentialsField = "Proxy-Authorization";

export interface ProxyPlan {
  /** Name or IP literal, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The value of Proxy-Authorization; null: none. */
  readonly credentials: string | null;
}

/** `http://[user:password@]host:port`, with or without the scheme. */
export function readProxy(text: string): ProxyPlan | Wrong {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1].toLowerCase() ?? "http";
  if (scheme !== "http") {
    return new Wrong(`${scheme}:// is not supported: use http://[user:password@]host:port`);
  }
  const target = parseTarget(text);
  if (typeof target === "string") return new Wrong(target);
  const { host, port, path, unixPath, userinfo } = target;
  if (unixPath !== null) return new Wrong("a proxy at a unix socket is not supported");
  if (path !== "/") return new Wrong(`${path}: a proxy's URL has no path`);
  if (port === null) return new Wrong("the port is missing, as in http://proxy:3128");
  const credentials = userinfo === null ? null : basicCredentials(userinfo);
  return { host, port, credentials };
}

/** How requests to a target pass the proxy. */
export type ProxyWay = "tunnel" | "absolute";

/** What decides on it. */
export interface ProxyUse {
  /** --proxy-tunnel. */
  readonly proxyTunnel: boolean;
  readonly http2: boolean;
  readonly script: unknown;
  readonly replay: unknown;
}

/**
 * https goes through a tunnel, http with the whole URL as the target, as with curl -x. So does HTTP/2
 * without TLS and a WebSocket, of which a proxy knows nothing, and what a script or a log requests.
 */
export function wayOf(target: Target, plan: ProxyUse): ProxyWay {
  const needsTunnel = target.scheme === "https" || plan.proxyTunnel || plan.http2 ||
    plan.script !== null || plan.replay !== null || target.isWebSocket;
  return needsTunnel ? "tunnel" : "absolute";
}

/** The target and the fields of a request, of which a proxy without a tunnel wants more. */
export function placeOf(
  target: Target,
  plan: ProxyUse & { readonly proxy: ProxyPlan | null; readonly headers: readonly HeaderField[] },
): { readonly path: string; readonly headers: readonly HeaderField[] } {
  const { proxy, headers } = plan;
  const { authority, path } = target;
  if (proxy === null || wayOf(target, plan) === "tunnel") return { path, headers };
  const isGiven = headers.some(({ name }) => name.toLowerCase() === credentialsField.toLowerCase());
  // The whole URL (RFC 9112 3.2.2).
  return {
    path: `http://${authority}${path}`,
    headers: proxy.credentials === null || isGiven
      ? headers
      : [...headers, { name: credentialsField, value: proxy.credentials }],
  };
}

/** The request that opens a tunnel (RFC 9110 9.3.6). */
export function connectHead(target: Target, { credentials }: ProxyPlan): Uint8Array<ArrayBuffer> {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  const authority = `${host}:${portOf(target)}`;
  const lines = [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(credentials === null ? [] : [`${credentialsField}: ${credentials}`]),
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

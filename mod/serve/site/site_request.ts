/** What a site needs of a request beyond its file: kept, because an answer may come later. */
import type { Exchange } from "../../conn/exchange/exchange.ts";
import { Method } from "../../http/method.ts";
import type { FileRequest } from "../../static/mod.ts";
import type { TrustedProxies } from "../clients/trusted_proxies.ts";
import { hostOf } from "./host_table.ts";
import { type RuleRequest, ruleRequest } from "./rules/rule_request.ts";

export interface SiteRequest {
  readonly file: FileRequest;
  readonly method: Method;
  /** null: no file and no rule has such a path. */
  readonly path: RuleRequest | null;
  readonly host: string;
  readonly scheme: "http" | "https";
  readonly origin: string | null;
  readonly accept: string | null;
  readonly authorization: string | null;
  /** Of a preflight; null: it is none. */
  readonly preflightMethod: string | null;
  readonly preflightFields: string | null;
}

export function readSiteRequest(
  exchange: Exchange,
  file: FileRequest,
  clients: TrustedProxies | null,
): SiteRequest {
  const { head } = exchange;
  const client = clients === null ? null : clients.clientOf(exchange);
  const host = hostOf(client?.host ?? head.hostText());
  const scheme = client?.scheme ?? (exchange.connection.isSecure ? "https" : "http");
  return {
    file,
    method: head.method,
    path: ruleRequest(file.target, host, scheme),
    host,
    scheme,
    origin: head.field("origin"),
    accept: head.field("accept"),
    authorization: head.field("authorization"),
    preflightMethod: head.method === Method.options
      ? head.field("access-control-request-method")
      : null,
    preflightFields: head.field("access-control-request-headers"),
  };
}

/** Whether a request is a navigation that the page of an application may answer. */
export function wantsPage({ file, path, accept }: SiteRequest): boolean {
  if (path === null || !file.isRead || !acceptsHtml(accept)) return false;
  const { segments, isFolder } = path;
  // `.git/HEAD`, `.env`, and what is asked for under .well-known are no pages.
  if (segments.some((segment) => segment.startsWith("."))) return false;
  return isFolder || !(segments[segments.length - 1] ?? "").includes(".");
}

/** By the most specific range that covers text/html (RFC 9110 12.5.1). */
function acceptsHtml(accept: string | null): boolean {
  if (accept === null || accept.trim() === "") return true;
  const weights = new Map<string, number>();
  for (const part of accept.split(",")) {
    const [range, ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const weight = parameters.find((one) => one.startsWith("q="));
    weights.set(range, weight === undefined ? 1 : Number(weight.slice(2)) || 0);
  }
  const found = ["text/html", "text/*", "*/*"].find((range) => weights.has(range));
  return found !== undefined && weights.get(found)! > 0;
}

/** NGINX Plus's API (up to version 9): turns a request into a response. */
import { isResolved } from "../../config/mod.ts";
import type { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { AdminApi } from "./admin_api.ts";
import { readChange, serverView, upstreamView } from "./peer_view.ts";
import { apiVersions, httpEndpoints, processView, rootEndpoints } from "./process_view.ts";

export interface ApiAnswer {
  readonly status: number;
  /** null: no body. */
  readonly json: unknown;
}

export interface ApiRequest {
  readonly method: string;
  /** After the API's own prefix: `/9/http/upstreams/`. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly body: string;
  /** Who asks, for the list of changes. */
  readonly who: string;
}

/** Answers one request. Without `isWritable` every change is refused. */
export function answerApi(admin: AdminApi, request: ApiRequest, isWritable: boolean): ApiAnswer {
  const parts = request.path.split("/").filter((part) => part !== "").map(decodePart);
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead && !isWritable) return failure(405, "MethodDisabled", "method disabled");
  if (parts.length > 0 && !apiVersions.includes(versionOf(parts[0]))) {
    return failure(404, "UnknownVersion", "unknown version");
  }
  const path = parts.slice(1);
  if (path[0] === "http" && path[1] === "upstreams") {
    const answer = upstreams(admin, request, path.slice(2));
    return isRead ? selectFields(answer, request.query) : answer;
  }
  const found = parts.length === 0 ? apiVersions : endpoint(admin, path);
  if (found === undefined) return failure(404, "PathNotFound", "path not found");
  if (!isRead) return failure(405, "MethodDisabled", "method disabled");
  return selectFields(ok(found), request.query);
}

function versionOf(part: string): number {
  return /^[1-9]$/.test(part) ? Number(part) : NaN;
}

function endpoint(admin: AdminApi, path: readonly string[]): unknown {
  if (path.length === 0) return rootEndpoints;
  if (path.length === 1 && path[0] === "http") return httpEndpoints;
  const whole = processView(admin, path.join("/"));
  if (whole !== undefined) return whole;
  // A member of a collection: `http/server_zones/all`, `workers/0`.
  const collection = processView(admin, path.slice(0, -1).join("/"));
  const name = path[path.length - 1];
  if (typeof collection !== "object" || collection === null) return undefined;
  const member = Object.hasOwn(collection, name)
    ? (collection as Record<string, unknown>)[name]
    : undefined;
  return typeof member === "object" ? member : undefined;
}

function upstreams(admin: AdminApi, request: ApiRequest, parts: readonly string[]): ApiAnswer {
  const view = (group: PeerGroup) =>
    upstreamView(
      group,
      (peer) => admin.checkOf(peer),
      admin.parts.idleCount(group),
      admin.parts.nowMs(),
    );
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (parts.length === 0) {
    if (!isRead) return failure(405, "MethodDisabled", "method disabled");
    return ok(
      Object.fromEntries(admin.parts.groups.map((group) => [group.plan.name, view(group)])),
    );
  }
  const group = admin.group(parts[0]);
  if (group === null) return failure(404, "UpstreamNotFound", "upstream not found");
  if (parts.length === 1) {
    if (isRead) return ok(view(group));
    if (request.method !== "DELETE") return failure(405, "MethodDisabled", "method disabled");
    admin.reset(group, request.who);
    return { status: 204, json: null };
  }
  if (parts[1] !== "servers") return failure(404, "PathNotFound", "path not found");
  if (parts.length === 2) return servers(admin, group, request);
  if (!/^\d+$/.test(parts[2])) return failure(400, "UpstreamBadServerId", "invalid server id");
  const peer = group.peers.find((one) => one.index === Number(parts[2]));
  if (peer === undefined) return failure(404, "UpstreamServerNotFound", "server not found");
  return server(admin, group, peer, request);
}

function servers(admin: AdminApi, group: PeerGroup, request: ApiRequest): ApiAnswer {
  if (request.method === "GET" || request.method === "HEAD") {
    return ok(group.peers.map(serverView));
  }
  if (request.method !== "POST") return failure(405, "MethodDisabled", "method disabled");
  const json = parseJson(request.body);
  if (json === undefined) return failure(415, "JsonError", "json error");
  const change = readChange(json, null);
  if ("code" in change) return failure(change.status, change.code, change.text);
  if (!isResolved(change.server!.address)) {
    return failure(400, "UpstreamBadAddress", "an IP address or a unix path is expected");
  }
  const { kind } = group.plan.balance;
  const hasNoBackups = kind === "hash" || kind === "ip_hash" || kind === "random";
  if (change.server!.backup && hasNoBackups) {
    return failure(400, "UpstreamNoBackup", "no backup servers with this balancing");
  }
  if (group.peers.some((peer) => peer.name === change.server!.name)) {
    return failure(409, "EntryExists", "server exists");
  }
  return { status: 201, json: serverView(admin.add(group, change, request.who)) };
}

function server(admin: AdminApi, group: PeerGroup, peer: Peer, request: ApiRequest): ApiAnswer {
  if (request.method === "DELETE") {
    admin.remove(group, peer, request.who);
    return ok(group.peers.map(serverView));
  }
  if (request.method === "GET" || request.method === "HEAD") return ok(serverView(peer));
  if (request.method !== "PATCH") return failure(405, "MethodDisabled", "method disabled");
  const json = parseJson(request.body);
  if (json === undefined) return failure(415, "JsonError", "json error");
  const change = readChange(json, peer);
  if ("code" in change) return failure(change.status, change.code, change.text);
  if (change.server !== undefined && change.server.name !== peer.name) {
    return failure(
      400,
      "UpstreamServerImmutable",
      "the address cannot be changed; add and remove instead",
    );
  }
  admin.change(group, peer, change, request.who);
  return ok(serverView(peer));
}

/** `?fields=a,b` keeps these fields of the object, or of each object of a list. */
function selectFields(answer: ApiAnswer, query: string): ApiAnswer {
  const match = /(?:^|&)fields=([^&]*)/.exec(query);
  if (match === null || answer.status !== 200) return answer;
  const names = match[1].split(",").filter((name) => name !== "");
  const pick = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(pick);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
  };
  const { json } = answer;
  // An empty list of fields returns the names only.
  if (names.length === 0) return ok(Array.isArray(json) ? json : Object.keys(json as object));
  return ok(pick(json));
}

function ok(json: unknown): ApiAnswer {
  return { status: 200, json };
}

function failure(status: number, code: string, text: string): ApiAnswer {
  const href = "https://nginx.org/en/docs/http/ngx_http_api_module.html";
  return { status, json: { error: { status, text, code }, request_id: requestId(), href } };
}

function requestId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** undefined: not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

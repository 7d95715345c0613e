/**
 * The process in the form of NGINX Plus's API: everything except upstreams. What hayate does not
 * have (zones of caches, limits, resolvers) is an empty object, so that clients that collect all of
 * it continue to work.
 */
import { version } from "../../base/version.ts";
import type { AdminApi, WorkerView } from "./admin_api.ts";

/** Supported API versions: from the oldest, of NGINX Plus R13, to the one implemented here. */
export const apiVersions: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** The endpoints below `/9/` and `/9/http/`. There is no `stream`: its paths return 404. */
export const rootEndpoints: readonly string[] = [
  "nginx",
  "processes",
  "connections",
  "slabs",
  "http",
  "resolvers",
  "ssl",
  "workers",
];
export const httpEndpoints: readonly string[] = [
  "requests",
  "server_zones",
  "location_zones",
  "caches",
  "limit_conns",
  "limit_reqs",
  "keyvals",
  "upstreams",
];

/** The object at a path such as `http/requests`; undefined for an unknown path. */
export function processView(admin: AdminApi, path: string): unknown {
  switch (path) {
    case "nginx":
      return nginxView(admin);
    case "processes":
      return { respawned: admin.parts.respawned?.() ?? 0 };
    case "connections":
      return connectionsView(admin.parts.metrics.listeners());
    case "http/requests":
      return { total: admin.parts.metrics.requests, current: currentOf(admin) };
    case "http/server_zones":
      return { [zoneName]: zoneView(admin) };
    case "ssl":
      return sslView(admin);
    case "workers":
      return workersOf(admin).map(workerView);
    case "slabs":
    case "resolvers":
    case "http/location_zones":
    case "http/caches":
    case "http/limit_conns":
    case "http/limit_reqs":
    case "http/keyvals":
      return {};
  }
  return undefined;
}

/** One zone for all listeners: responses are not counted per listener. */
const zoneName = "all";

function nginxView({ parts, startedAtMs }: AdminApi): Record<string, unknown> {
  return {
    version,
    // Clients parse the NGINX Plus release from it: the one whose API is implemented here.
    build: "hayate-r32",
    address: "127.0.0.1",
    generation: parts.generation,
    load_timestamp: new Date(startedAtMs).toISOString(),
    timestamp: new Date().toISOString(),
    pid: Deno.pid,
    ppid: Deno.ppid,
  };
}

interface Counted {
  readonly accepted: number;
  readonly open: number;
}

function connectionsView(listeners: readonly Counted[]): Record<string, number> {
  const sum = (value: (listener: Counted) => number) =>
    listeners.reduce((total, listener) => total + value(listener), 0);
  // Idle connections are not counted separately: they are included in `active`.
  return {
    accepted: sum(({ accepted }) => accepted),
    dropped: 0,
    active: sum(({ open }) => open),
    idle: 0,
  };
}

function currentOf({ parts }: AdminApi): number {
  return parts.groups.reduce(
    (sum, { peers }) => peers.reduce((total, { active }) => total + active, sum),
    0,
  );
}

function zoneView(admin: AdminApi): Record<string, unknown> {
  const { metrics, groups } = admin.parts;
  const [, c1, c2, c3, c4, c5] = metrics.statusClasses;
  const tallies = groups.flatMap(({ peers }) => peers.map(({ tally }) => tally));
  return {
    processing: currentOf(admin),
    requests: metrics.requests,
    responses: {
      "1xx": c1,
      "2xx": c2,
      "3xx": c3,
      "4xx": c4,
      "5xx": c5,
      codes: {},
      total: c1 + c2 + c3 + c4 + c5,
    },
    discarded: metrics.clientAborts,
    // Upstream traffic only: static files and built-in pages are not counted.
    received: tallies.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    sent: tallies.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0),
    ssl: sslView(admin),
  };
}

/** Fields that are not counted are omitted, as nginx does for fields of later versions. */
function sslView({ parts }: AdminApi): Record<string, number> {
  const listeners = parts.metrics.listeners();
  return {
    handshakes: listeners.reduce((sum, { tlsHandshakes }) => sum + tlsHandshakes, 0),
    handshakes_failed: listeners.reduce((sum, { tlsFailures }) => sum + tlsFailures, 0),
  };
}

function workersOf(admin: AdminApi): readonly WorkerView[] {
  const { metrics, workerViews } = admin.parts;
  if (workerViews !== undefined) return workerViews();
  const { accepted, active } = connectionsView(metrics.listeners());
  const current = currentOf(admin);
  return [{ pid: Deno.pid, accepted, connections: active, requests: metrics.requests, current }];
}

function workerView(worker: WorkerView, id: number): Record<string, unknown> {
  return {
    id,
    pid: worker.pid,
    http: { requests: { total: worker.requests, current: worker.current } },
    connections: { accepted: worker.accepted, dropped: 0, active: worker.connections, idle: 0 },
  };
}

/** How the cost of a request grows: one picture each. */
import type { GrowthComparison, ServerComparison } from "../comparison.ts";
import { variedFields, variedHeads } from "../contenders/drivers.ts";
import { floorFiles, floorProxy, floorServer, floorServerAny } from "../contenders/floor.ts";
import { h2oProxyHosts } from "../contenders/h2o.ts";
import { haproxyProxyOver } from "../contenders/haproxy.ts";
import {
  hayateFiles,
  hayateProxyBy,
  hayateProxyHosts,
  hayateProxyOver,
  hayateText,
  hayateTextBy,
} from "../contenders/hayate.ts";
import { hayateLoadPerConnection, hayateLoadVaried } from "../contenders/hayate_load.ts";
import {
  nginxBy,
  nginxFiles,
  nginxProxy,
  nginxProxyHosts,
  nginxProxyOver,
  nginxReturn,
} from "../contenders/nginx.ts";
import { wrkVariedWith } from "../contenders/wrk.ts";
import { connectionsMax } from "../measure.ts";

/** What all points have alike; `name` and `title` are the curve's. */
const point = {
  judged: "server",
  name: "growth",
  title: "",
  transports: ["tcp"],
  connections: [50],
  isCore: false,
} as const;

function grow(
  name: string,
  title: string,
  axis: string,
  values: readonly number[],
  at: (value: number) => Omit<ServerComparison, keyof typeof point> & Partial<ServerComparison>,
  valuesMax?: () => number,
): GrowthComparison {
  return {
    judged: "growth",
    name: `grow-${name}`,
    title,
    axis,
    values,
    isCore: false,
    ...(valuesMax === undefined ? {} : { valuesMax }),
    at: (value) => ({ ...point, ...at(value) }),
  };
}

/** All run on the core of the server, so that what they share shows, not what they do at once. */
const workers = [1, 2, 4, 8] as const;
/** V8 compiles in each worker, and they share the core meanwhile. */
const warmUpRequestsEach = 150_000;

export const growth: readonly GrowthComparison[] = [
  grow(
    "connections",
    "servers of 12 bytes, varied heads, by open connections",
    "connections",
    [10, 100, 1000, 5000, 20_000],
    (connections) => ({
      connections: [connections],
      // wrk's time begins before its connections are open.
      driver: hayateLoadVaried,
      contenders: [hayateText, floorServer, nginxReturn],
      secondsMin: connections > 1000 ? 4 : 1,
      // Until each connection has been used.
      warmUpRequests: 3 * connections,
    }),
    connectionsMax,
  ),
  grow(
    "peers",
    "reverse proxies, varied heads, by peers of the upstream",
    "peers",
    [1, 10, 100, 1000, 5000],
    (peers) => ({
      driver: variedHeads,
      upstreams: [floorServerAny],
      contenders: [
        hayateProxyOver(peers),
        floorProxy,
        nginxProxyOver(peers),
        haproxyProxyOver(peers),
      ],
      // Until each peer has its connection.
      warmUpRequests: 5 * peers,
    }),
  ),
  grow(
    "hosts",
    "reverse proxies, varied heads, by hosts of the configuration",
    "hosts",
    [1, 10, 100, 1000, 3000],
    (hosts) => ({
      driver: wrkVariedWith(`hosts=${hosts}`),
      upstreams: [floorServer],
      contenders: [
        hayateProxyHosts(hosts),
        floorProxy,
        nginxProxyHosts(hosts),
        h2oProxyHosts(hosts),
      ],
    }),
  ),
  grow(
    "body",
    "static servers with sendfile, varied fields, by bytes of the body",
    "bytes",
    [0, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000],
    (bytes) => ({
      // So few that none waits for its end longer than wrk's timeout.
      connections: [bytes < 10_000_000 ? 50 : 4],
      ...(bytes < 100_000 ? {} : { bodyBytes: bytes }),
      driver: variedFields,
      contenders: [hayateFiles(bytes), floorFiles(bytes), nginxFiles(bytes)],
    }),
  ),
  grow(
    "requests",
    "servers of 12 bytes, varied heads, by requests on each connection",
    "requests per connection",
    [1, 2, 5, 10, 100, 1000],
    (requests) => ({
      driver: hayateLoadPerConnection(requests),
      contenders: [hayateText, floorServer, nginxReturn],
    }),
  ),
  grow(
    "workers",
    "servers of 12 bytes, varied heads, by workers on one core",
    "workers",
    workers,
    (count) => ({
      driver: variedHeads,
      warmUpRequests: count * warmUpRequestsEach,
      contenders: [hayateTextBy(count), nginxBy(count, nginxReturn)],
    }),
  ),
  grow(
    "proxy-workers",
    "reverse proxies, varied heads, by workers on one core",
    "workers",
    workers,
    (count) => ({
      driver: variedHeads,
      upstreams: [floorServer],
      warmUpRequests: count * warmUpRequestsEach,
      contenders: [hayateProxyBy(count), nginxBy(count, nginxProxy)],
    }),
  ),
];

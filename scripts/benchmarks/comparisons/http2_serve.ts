/** Servers over HTTP/2. */
import type { ServerComparison } from "../comparison.ts";
import { hayateApp, hayateText } from "../contenders/hayate.ts";
import { h2load, h2loadHttp1, loadVaried } from "../contenders/http2_clients.ts";
import {
  denoServeHttp2,
  h2oAnyPath,
  haproxyReturnHttp2,
  nginxReturnHttp2,
} from "../contenders/http2_servers.ts";

// Those that have no answer without a file serve one from memory.
const contenders = [hayateText, h2oAnyPath, nginxReturnHttp2, haproxyReturnHttp2];
const common = { judged: "server", transports: ["tcp"], contenders, isCore: false } as const;

/** Without TLS and with it: two comparisons of one kind. */
function both(
  name: string,
  title: string,
  rest: Partial<ServerComparison>,
  plainIsCore = true,
): ServerComparison[] {
  const base = { ...common, connections: [10], ...rest };
  return [
    { ...base, name, title: `${title}, prior knowledge`, isCore: base.isCore && plainIsCore },
    { ...base, name: `${name}-tls`, title: `${title}, TLS`, isTls: true },
  ];
}

export const http2Serve: readonly ServerComparison[] = [
  ...both("http2", "HTTP/2 servers of 12 bytes, 32 at once, varied heads", {
    driver: loadVaried(32),
    // At most 1.2 times the cost of h2o.
    goal: 1 / 1.2,
    isCore: true,
  }),
  ...both("http2-same", "HTTP/2 servers of 12 bytes, 32 at once, identical heads", {
    driver: h2load(32),
    goal: 1,
  }),
  ...both(
    "http2-single",
    "HTTP/2 servers of 12 bytes, 1 at once, varied heads",
    {
      driver: loadVaried(1),
      connections: [100],
      goal: 1.1,
      isCore: true,
    },
    // The other half of the same row would make --quick a minute longer.
    false,
  ),
  ...both(
    "http2-single-same",
    "HTTP/2 servers of 12 bytes, 1 at once, identical heads",
    {
      driver: h2load(1),
      connections: [100],
      goal: 1.1,
    },
  ),
  ...both("http2-own", "our HTTP/2, 32 at once, and our HTTP/1.1, identical heads", {
    contenders: [
      { ...hayateText, driver: h2load(32) },
      { ...hayateText, name: `${hayateText.name}, HTTP/1.1`, driver: h2loadHttp1 },
    ],
    goal: 3,
  }),
  ...both("http2-fetch", "a fetch handler over HTTP/2, 32 at once, varied heads", {
    contenders: [hayateApp, denoServeHttp2],
    driver: loadVaried(32),
    goal: 2,
  }),
];

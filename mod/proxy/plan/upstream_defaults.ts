/** Defaults of an upstream and its peers. */
import { namedUpstreamIdleTimeoutMs } from "../../conn/exchange/timeouts.ts";
import { type PeerPlan, retryConditions, type UpstreamPlan } from "./plan.ts";
import type { OutlierPlan, RetryBudgetPlan } from "./upstream_plan.ts";

/** The defaults of nginx's `server` directive. */
export const peerDefaults: Omit<PeerPlan, "name" | "address"> = {
  weight: 1,
  connectionsMax: 0,
  failsMax: 1,
  failTimeoutMs: 10_000,
  slowStartMs: 0,
  backup: false,
  down: false,
  drain: false,
  resolve: false,
  service: "",
  route: "",
};

/** Finagle's: at most 20 % more load; the minimum keeps retries possible with few requests. */
export const retryBudgetDefault: RetryBudgetPlan = { share: 0.2, perSecondMin: 10 };

/** All rules are off. The times are Envoy's; at most half of a group may be ejected at a time. */
export const outlierDefaults: OutlierPlan = {
  consecutiveErrors: 0,
  errorShare: 0,
  latencyFactor: 0,
  intervalMs: 10_000,
  attemptsMin: 10,
  baseEjectionMs: 30_000,
  ejectedShareMax: 0.5,
};

export const upstreamDefaults: Omit<UpstreamPlan, "name" | "peers" | "implicit" | "at"> = {
  scheme: "http",
  named: [],
  resolver: null,
  balance: { kind: "round_robin" },
  keepaliveMax: 32,
  keepaliveTimeoutMs: namedUpstreamIdleTimeoutMs,
  keepaliveRequestsMax: 1_000_000,
  proxyProtocol: 0,
  http2: { ratio: null, streamsMax: null, cleartext: null },
  check: null,
  retry: {
    conditions: retryConditions.error | retryConditions.timeout,
    triesMax: 0,
    timeoutMs: 0,
  },
  noLiveStatus: 502,
  retryBudget: retryBudgetDefault,
  outlier: null,
  requestBuffer: null,
  sticky: null,
};

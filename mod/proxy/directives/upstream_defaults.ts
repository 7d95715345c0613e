/** What holds for an upstream and its servers where the configuration says nothing. */
import { type PeerPlan, retryConditions, type UpstreamPlan } from "../plan.ts";

/** nginx's defaults of a `server` line. */
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

export const upstreamDefaults: Omit<UpstreamPlan, "name" | "peers" | "implicit" | "at"> = {
  scheme: "http",
  balance: { kind: "round_robin" },
  keepaliveMax: 32,
  keepaliveTimeoutMs: 60_000,
  keepaliveRequestsMax: 1_000_000,
  proxyProtocol: 0,
  check: null,
  retry: {
    conditions: retryConditions.error | retryConditions.timeout,
    triesMax: 0,
    timeoutMs: 0,
  },
  noLiveStatus: 502,
};

/** The plan without a configuration file: one page on every socket. */
import { globalDefaults, settingsDefaults } from "./defaults.ts";
import type { ListenPlan, ProxyPlan } from "./plan.ts";

/** Port of the page when no sockets are inherited. */
const portDefault = 8080;

export function welcomePlan(): ProxyPlan {
  const listen = (host: string): ListenPlan => ({
    address: { kind: "tcp", host, port: portDefault },
    tls: null,
    certificatesByHost: [],
    managedNames: [],
    proxyProtocol: "off",
    http2: true,
    mode: null,
    hosts: [],
    at: { file: "built-in", line: 1 },
  });
  return {
    file: null,
    listeners: [listen("0.0.0.0")],
    hosts: [],
    upstreams: [],
    global: globalDefaults(),
    settings: settingsDefaults(),
    notices: [],
  };
}

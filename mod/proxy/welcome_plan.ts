/** The plan without a configuration: one page on every socket. */
import { globalDefaults, settingsDefaults } from "./directives/drafts.ts";
import type { ListenPlan, ProxyPlan } from "./plan.ts";

/** Where the page is served when nobody hands over a socket. */
const portDefault = 8080;

export function welcomePlan(): ProxyPlan {
  const listen = (host: string): ListenPlan => ({
    address: { kind: "tcp", host, port: portDefault },
    tls: null,
    certificatesByHost: [],
    proxyProtocol: "off",
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

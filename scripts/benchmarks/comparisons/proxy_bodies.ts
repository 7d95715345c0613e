import type { ServerComparison } from "../comparison.ts";
import { variedFields } from "../contenders/drivers.ts";
import { hayateProxy } from "../contenders/hayate.ts";
import { nginxFiles, nginxProxy } from "../contenders/nginx.ts";

export const proxyBodies: ServerComparison = bodies("proxy-100k", "bodies of 100 KB", false);
export const tlsProxyBodies: ServerComparison = bodies(
  "tls-proxy-100k",
  "bodies of 100 KB, TLS in front",
  true,
);

function bodies(name: string, what: string, isTls: boolean): ServerComparison {
  return {
    name,
    title: `reverse proxies, ${what}, nginx behind`,
    judged: "server",
    upstreams: [nginxFiles(100_000)],
    contenders: [hayateProxy, nginxProxy],
    transports: isTls ? ["tcp"] : ["tcp", "unix"],
    connections: [50],
    isTls,
    driver: variedFields,
    bodyBytes: 100_000,
    goal: 0.9,
    isCore: false,
  };
}

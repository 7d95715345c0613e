import type { Place, ServerSpec } from "../comparison.ts";
import { hostName } from "./many.ts";

/** A reverse proxy to the place's upstream, for both h2o and hayate proxy. */
export function h2oConfig(place: Place): string {
  return pathConfig(place, proxyLines(place));
}

/** The same with `count` hosts. */
export function h2oConfigHosts(place: Place, count: number): string {
  const names = Array.from({ length: count }, (_, index) => hostName(index));
  return hostsConfig(place, names, proxyLines(place));
}

function proxyLines({ upstream }: Place): string {
  if (upstream === null) throw new TypeError("Cannot configure a proxy: it has no upstream");
  const target = upstream.kind === "unix"
    ? `http://[unix:${upstream.path}]/`
    : `http://${upstream.host}:${upstream.port}/`;
  return `        proxy.reverse.url: ${target}
        proxy.preserve-host: ON
        proxy.timeout.keepalive: 10000
`;
}

/** One listener, and the configuration lines for `/`. */
export function pathConfig(place: Place, lines: string): string {
  return hostsConfig(place, ["default"], lines);
}

function hostsConfig(
  { address, certificate }: Place,
  names: readonly string[],
  lines: string,
): string {
  const ssl = certificate === null ? "" : `  ssl:
    certificate-file: ${certificate.certificateFile}
    key-file: ${certificate.keyFile}
`;
  const listen = address.kind === "unix"
    ? `  type: unix\n  port: ${address.path}\n`
    : `  host: ${address.host}\n  port: ${address.port}\n`;
  return `num-threads: 1
listen:
${listen}${ssl}hosts:
${names.map((name) => `  ${name}:\n    paths:\n      /:\n${lines}`).join("")}`;
}

export const h2oProxy: ServerSpec = {
  name: "h2o",
  program: "h2o",
  files: (place) => ({ "h2o.conf": h2oConfig(place) }),
  args: ({ folder }) => ["-m", "worker", "-c", `${folder}/h2o.conf`],
};

export function h2oProxyHosts(count: number): ServerSpec {
  return { ...h2oProxy, files: (place) => ({ "h2o.conf": h2oConfigHosts(place, count) }) };
}

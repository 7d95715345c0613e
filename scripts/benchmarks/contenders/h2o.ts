import type { Place, ServerSpec } from "../comparison.ts";

/** A reverse proxy to the place's upstream, for both h2o and hayate proxy. */
export function h2oConfig(place: Place): string {
  const { upstream } = place;
  if (upstream === null) throw new TypeError("Cannot configure a proxy: it has no upstream");
  const target = upstream.kind === "unix"
    ? `http://[unix:${upstream.path}]/`
    : `http://${upstream.host}:${upstream.port}/`;
  return pathConfig(
    place,
    `        proxy.reverse.url: ${target}
        proxy.preserve-host: ON
        proxy.timeout.keepalive: 10000
`,
  );
}

/** One listener, and the configuration lines for `/`. */
export function pathConfig({ address, certificate }: Place, lines: string): string {
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
  default:
    paths:
      /:
${lines}`;
}

export const h2oProxy: ServerSpec = {
  name: "h2o",
  program: "h2o",
  files: (place) => ({ "h2o.conf": h2oConfig(place) }),
  args: ({ folder }) => ["-m", "worker", "-c", `${folder}/h2o.conf`],
};

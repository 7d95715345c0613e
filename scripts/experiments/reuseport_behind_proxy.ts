/** Experiment 6: the pair of experiment 5 behind a proxy that retries. */
import { freePort } from "../../tests/support/ports.ts";
import { tcp } from "../../tests/support/raw_socket.ts";
import type { Experiment } from "./lab.ts";
import { setMigrateRequests } from "./migrate_requests.ts";
import { judged, measured } from "./report.ts";
import { lossText, restartUnderAb, startPair } from "./reuseport_pair.ts";

/**
 * Two addresses for one port, so that there is a second server to try, as a backup like in the
 * original; without kept-alive connections.
 */
function config(port: number, upstreamPort: number): string {
  return `listen:
  port: ${port}
  host: 127.0.0.1
upstreams:
  pair:
    servers:
      - 127.0.0.1:${upstreamPort} max_fails=0
      - 127.0.0.2:${upstreamPort} max_fails=0 backup
    next_upstream: error timeout
    keepalive: 0
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://pair/
`;
}

export const behindProxy: Experiment = {
  name: "reuseport-behind-proxy",
  question: "does a proxy that tries again hide what SO_REUSEPORT loses?",
  restarts: 12,
  async run(lab) {
    const pair = await startPair(lab);
    const port = freePort();
    const file = await lab.write("h2o.conf", config(port, pair.port));
    const proxy = lab.startHayate(["proxy", "-c", file], { stopTimeoutMs: 40_000 });
    await proxy.waitForSocket(tcp(port));
    // Without the kernel's migration, so that there are failures for the proxy to hide.
    setMigrateRequests(lab, "0");
    const report = await restartUnderAb(lab, pair, port, lab.restarts);
    lab.figures = report;
    return [
      judged(
        `failed, ${lab.restarts} restarts behind the proxy`,
        "0 of 100,000, 1 restart",
        lossText(report),
        report.failed === 0,
        report.causes,
      ),
      measured(
        "requests per second, ab",
        "",
        Math.round(report.requestsPerSecond).toLocaleString("en"),
      ),
    ];
  },
};

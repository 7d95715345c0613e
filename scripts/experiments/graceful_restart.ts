/** Experiment 2: the appliance in its image, with TLS, restarted by a signal under load. */
import { sleep } from "../../tests/support/child.ts";
import { freePort } from "../../tests/support/ports.ts";
import { tcp } from "../../tests/support/raw_socket.ts";
import { findLauncher, freeTlsPort } from "./appliance.ts";
import type { Experiment, LoadRun } from "./lab.ts";
import { judged, measured } from "./report.ts";

const seconds = 10;
const connections = 50;

export const gracefulRestart: Experiment = {
  name: "graceful-restart",
  question: "does a container lose requests when HUP restarts it?",
  restarts: 3,
  async run(lab) {
    const launcher = await findLauncher(lab);
    const [port, tlsPort] = [freePort(), freeTlsPort()];
    const appliance = lab.use(
      await launcher.start({
        folder: lab.folder,
        args: ["supervise", "proxy"],
        env: { PORTS: `${port} ${tlsPort}`, KILL_OLD_DELAY: "1" },
      }),
    );
    await appliance.child.waitForSocket(tcp(tlsPort));
    const generations = () => changesIn(appliance.child.stderr + appliance.child.stdout);
    await appliance.child.waitForLine(/hayate \S+ supervises/);
    const series = "appliance with TLS";
    lab.say(`load for ${seconds} s, ${lab.restarts} times HUP`);
    const load = lab.load(series, [
      ...["-k", "-c", `${connections}`, "-d", `${seconds}`],
      `https://127.0.0.1:${tlsPort}/`,
    ]);
    for (let restart = 0; restart < lab.restarts; restart++) {
      await sleep(seconds * 1000 / (lab.restarts + 1));
      appliance.signal("SIGHUP");
    }
    const run: LoadRun = await load;
    const changes = generations();
    await lab.plot("The appliance with TLS, restarted by HUP", [series]);
    lab.figures = { ...run, changes };
    return [
      measured("requests", "118,981", run.requestsAnswered.toLocaleString("en")),
      judged(
        "errors",
        "0",
        String(run.requestsFailed),
        run.requestsFailed === 0,
        JSON.stringify(run.failedByKind),
      ),
      judged(
        "generations that took over",
        "1",
        String(changes),
        changes === lab.restarts,
        `${lab.restarts} were asked for`,
      ),
      measured("latency, p99 and largest", "", latencyText(run)),
    ];
  },
};

function changesIn(log: string): number {
  return log.split("new worker is now running").length - 1;
}

function latencyText({ latency }: LoadRun): string {
  const ms = (us: number | undefined) => us === undefined ? "?" : `${(us / 1000).toFixed(1)} ms`;
  return `${ms(latency.percentilesUs["p99"])}, ${ms(latency.maxUs)}`;
}

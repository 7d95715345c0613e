/** Experiment 3: Tengine's configuration of three checked servers, in our configuration format. */
import type { Child } from "../../tests/support/child.ts";
import { freePort } from "../../tests/support/ports.ts";
import type { Experiment, Lab } from "./lab.ts";
import { judged, type Row } from "./report.ts";

const intervalMs = 1000;
const [rise, fall] = [2, 3];

/** As Tengine's `upstream` with `check interval=1000 rise=2 fall=3 timeout=1000 type=http`. */
function config(port: number, ports: readonly number[]): string {
  return `listen:
  port: ${port}
  host: 127.0.0.1
upstreams:
  app:
    servers:
${ports.map((each) => `      - 127.0.0.1:${each}`).join("\n")}
    check: interval=${intervalMs} rise=${rise} fall=${fall} timeout=1000 type=http
    check_http_send: "GET / HTTP/1.0\\r\\n\\r\\n"
    check_http_expect_alive: http_2xx http_3xx
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://app/
      /status:
        check_status: ON
`;
}

interface StatusServer {
  readonly name: string;
  readonly status: "up" | "down";
  readonly rise: number;
  readonly fall: number;
}

export const healthCheck: Experiment = {
  name: "health-check",
  question: "is a server that dies taken out, and taken back when it lives again?",
  restarts: null,
  async run(lab) {
    const ports = [freePort(), freePort(), freePort()];
    const servers = [];
    for (const port of ports) servers.push(await startServer(lab, port));
    const port = freePort();
    const file = await lab.write("h2o.conf", config(port, ports));
    const proxy = lab.startHayate(["proxy", "-c", file], { waitTimeoutMs: 20_000 });
    const bench = new Bench(lab, proxy, port);
    await bench.step("all three live", ["up", "up", "up"], null);
    await bench.answered("requests while all three live");

    const victim = `127.0.0.1:${ports[1]}`;
    await servers[1].stop();
    const loading = bench.answered("requests while one dies");
    const down = `disable check peer: ${victim}`;
    await bench.step("the second server has died", ["up", "down", "up"], down);
    await loading;

    await startServer(lab, ports[1]);
    const up = `enable check peer: ${victim}`;
    await bench.step("the second server is back", ["up", "up", "up"], up);
    lab.figures = bench.pages;
    return bench.rows;
  },
};

/** Waits for steps, and keeps a row and a status page for each. */
class Bench {
  readonly rows: Row[] = [];
  readonly pages: { readonly step: string; readonly status: unknown }[] = [];

  constructor(
    private readonly lab: Lab,
    private readonly proxy: Child,
    private readonly port: number,
  ) {}

  /** Waits until the servers have these states, and for the log line of the change. */
  async step(name: string, wanted: readonly string[], logLine: string | null): Promise<void> {
    const startMs = performance.now();
    const page = await this.proxy.waitUntil(`the states ${wanted.join()}`, async () => {
      const status = await this.#status().catch(() => null);
      return status?.map((each) => each.status).join() === wanted.join() ? status : null;
    });
    const took = `after ${((performance.now() - startMs) / 1000).toFixed(1)} s`;
    this.pages.push({ step: name, status: page });
    this.lab.say(`${name}: ${JSON.stringify(page)}`);
    this.rows.push(judged(
      `${name}: status?format=json`,
      wanted.join(", "),
      `${page.map((each) => each.status).join(", ")} ${took}`,
      true,
      "",
    ));
    if (logLine === null) return;
    const output = this.proxy.stdout + this.proxy.stderr;
    const line = output.split("\n").find((each) => each.includes(logLine));
    this.rows.push(judged(
      `${name}: log`,
      logLine.replace(/:\d+$/, ":PORT"),
      line?.replace(/^.*?((en|dis)able)/, "$1").trim() ?? "no such line",
      line !== undefined,
      "the line is missing",
    ));
  }

  /** Loads for longer than the check needs to detect a failed server: no request may fail. */
  async answered(what: string): Promise<void> {
    const seconds = Math.ceil(fall * intervalMs / 1000) + 2;
    const url = `http://127.0.0.1:${this.port}/`;
    const run = await this.lab.load(what, ["-c", "10", "-d", `${seconds}`, "-R", "500", url]);
    const { requestsAnswered: answered, requestsFailed: failed } = run;
    this.rows.push(judged(
      what,
      "no error",
      `${answered} answered, ${failed} failed`,
      failed === 0,
      JSON.stringify(run.failedByKind),
    ));
  }

  async #status(): Promise<StatusServer[]> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/status?format=json`);
    const page = await answer.json() as { servers: { server: StatusServer[] } };
    return page.servers.server;
  }
}

async function startServer(lab: Lab, port: number): Promise<Child> {
  const flags = ["--host", "127.0.0.1", "--port", `${port}`, "--workers", "1"];
  const server = lab.startHayate(["serve", ...flags, "--text", "alive"]);
  await server.waitForLine(/listening on /);
  return server;
}

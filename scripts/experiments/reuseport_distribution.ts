/** Experiment 4: how the kernel distributes connections to two processes on one SO_REUSEPORT port. */
import { freePort } from "../../tests/support/ports.ts";
import type { Experiment, Lab } from "./lab.ts";
import { judged, measured, type Row } from "./report.ts";

const connectionCount = 10_000;
const lookups = 20;
const connectionsMax = 20;
/** Six standard deviations of 10,000 tosses of a fair coin. */
const toleranceShare = 0.03;

/** Each process identifies itself in this field. */
const fieldName = "Served-By";

export const distribution: Experiment = {
  name: "reuseport-distribution",
  question: "does SO_REUSEPORT give each of two processes half of the connections?",
  restarts: null,
  async run(lab) {
    const port = freePort();
    for (const name of ["first", "second"]) {
      const flags = ["--reuse-port", "--workers", "1", "--host", "127.0.0.1", "--port", `${port}`];
      const app = await lab.write(`${name}.js`, appOf(name));
      const server = lab.startHayate(["serve", ...flags, app]);
      await server.waitForLine(/listening on /);
    }
    const few = await countAnswers(lab, port, lookups);
    lab.say(`${connectionCount} connections`);
    const many = await countAnswers(lab, port, connectionCount);
    lab.figures = { lookups: few, connections: many };
    const share = (many["first"] ?? 0) / connectionCount;
    const rows: Row[] = [
      measured(`${lookups} lookups`, "about half each", split(few)),
      judged(
        `${connectionCount.toLocaleString("en")} connections`,
        "",
        `${split(many)}: ${(share * 100).toFixed(1)}% and ${((1 - share) * 100).toFixed(1)}%`,
        Math.abs(share - 0.5) <= toleranceShare,
        `not within ${toleranceShare * 100}% of a half`,
      ),
    ];
    const answered = Object.values(many).reduce((sum, count) => sum + count, 0);
    rows.push(judged(
      "answered",
      "all",
      `${answered.toLocaleString("en")} of ${connectionCount.toLocaleString("en")}`,
      answered === connectionCount,
      "some were not answered",
    ));
    return rows;
  },
};

function split(counts: Readonly<Record<string, number>>): string {
  return `${counts["first"] ?? 0} and ${counts["second"] ?? 0}`;
}

function appOf(name: string): string {
  const headers = JSON.stringify({ [fieldName]: name });
  return `export default { fetch: () => new Response("", { headers: ${headers} }) };\n`;
}

/** Counts responses per process, with one connection per request. */
async function countAnswers(
  lab: Lab,
  port: number,
  count: number,
): Promise<Readonly<Record<string, number>>> {
  const run = await lab.load(`${count}`, [
    ...["--no-keepalive", "-c", String(Math.min(connectionsMax, count)), "-n", `${count}`],
    ...["--group-by", fieldName, `http://127.0.0.1:${port}/`],
  ]);
  return run.responsesByFieldValue ?? {};
}

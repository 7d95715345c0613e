/** Experiment 4: how the kernel deals connections out to two processes on one SO_REUSEPORT port. */
import { freePort } from "../../tests/support/ports.ts";
import type { Experiment } from "./lab.ts";
import { promised, type Row, told } from "./report.ts";

const connectionCount = 10_000;
const lookups = 20;
const parallel = 20;
/** Six standard deviations of a fair coin thrown 10,000 times. */
const toleranceShare = 0.03;

const request = new TextEncoder().encode("GET / HTTP/1.0\r\nHost: a\r\n\r\n");

export const distribution: Experiment = {
  name: "reuseport-distribution",
  question: "does SO_REUSEPORT give each of two processes half of the connections?",
  restarts: null,
  async run(lab) {
    const port = freePort();
    for (const name of ["first", "second"]) {
      const flags = ["--reuse-port", "--workers", "1", "--host", "127.0.0.1", "--port", `${port}`];
      const server = lab.startHayate(["serve", ...flags, "--text", name]);
      await server.waitForLine(/listening on /);
    }
    const few = await countAnswers(port, lookups);
    lab.say(`${connectionCount} connections`);
    const many = await countAnswers(port, connectionCount);
    lab.figures = { lookups: few, connections: many };
    const share = (many["first"] ?? 0) / connectionCount;
    const rows: Row[] = [
      told(`${lookups} lookups`, "about half each", split(few)),
      promised(
        `${connectionCount.toLocaleString("en")} connections`,
        "",
        `${split(many)}: ${(share * 100).toFixed(1)}% and ${((1 - share) * 100).toFixed(1)}%`,
        Math.abs(share - 0.5) <= toleranceShare,
        `not within ${toleranceShare * 100}% of a half`,
      ),
    ];
    const answered = Object.values(many).reduce((sum, count) => sum + count, 0);
    rows.push(promised(
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

/** Who answered how often, one connection for each request. */
async function countAnswers(port: number, count: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let left = count;
  const asker = async () => {
    while (left-- > 0) {
      const body = await ask(port);
      counts[body] = (counts[body] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, asker));
  return counts;
}

async function ask(port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(request);
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of connection.readable) text += decoder.decode(bytes, { stream: true });
  return text.slice(text.indexOf("\r\n\r\n") + 4).trim();
}

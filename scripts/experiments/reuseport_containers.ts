/** Experiment 5: two containers on one SO_REUSEPORT port; the kernel resets the old one's queue. */
import type { Experiment } from "./lab.ts";
import { setMigrateRequests } from "./migrate_requests.ts";
import { judged, type Row } from "./report.ts";
import { lossText, restartUnderAb, startPair } from "./reuseport_pair.ts";

/** The original's failure share, which serve must stay below without the kernel's migration. */
const originalShare = 20 / 100_000;

export const containers: Experiment = {
  name: "reuseport-containers",
  question: "what is lost when two generations of containers share a port by SO_REUSEPORT?",
  restarts: 10,
  async run(lab) {
    const pair = await startPair(lab);
    const rows: Row[] = [];
    const figures: Record<string, unknown> = {};
    for (const value of ["0", "1"] as const) {
      if (!setMigrateRequests(lab, value)) continue;
      lab.say(`net.ipv4.tcp_migrate_req=${value}`);
      const report = await restartUnderAb(lab, pair, pair.port, lab.restarts);
      figures[`tcp_migrate_req=${value}`] = report;
      const isMet = value === "1"
        ? report.failed === 0
        : report.failed / report.complete < originalShare;
      rows.push(judged(
        `failed, ${lab.restarts} restarts, tcp_migrate_req=${value}`,
        value === "0" ? "20 of 100,000, 1 restart" : "",
        lossText(report),
        isMet,
        `${value === "1" ? "none may fail" : "the original lost less"}: ${report.causes}`,
      ));
    }
    lab.figures = figures;
    return rows;
  },
};

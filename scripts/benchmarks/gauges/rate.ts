/** How accurately an open loop keeps the requested rate. */
import type { GaugeSetting, ServerSpec } from "../comparison.ts";
import { TestBed } from "../test_bed.ts";
import { present, results, startContestants } from "./contestants.ts";
import { loadOnce } from "./load_run.ts";

const connections = 50;
const maxPercent = 0.1;
/** Duration of one run, regardless of --seconds, except with --quick. */
const secondsAsked = 30;

/** Deviation of the actual rate from the requested one, in percent. */
export function rateKept(requestsPerSecond: number, server: ServerSpec): GaugeSetting {
  return {
    text: `tcp, ${connections} connections, -R ${requestsPerSecond.toLocaleString("en")}`,
    goal: { max: maxPercent },
    secondsFor: ({ quick, seconds }) => quick ? seconds : secondsAsked,
    async measure({ effort, progress }) {
      await using bed = await TestBed.make("tcp", connections, false);
      const all = await startContestants(bed, [server]);
      for (const each of present(all)) {
        progress("hayate load -R");
        const seconds = effort.quick ? effort.seconds : secondsAsked;
        const flags = [`-c${connections}`, `-R${requestsPerSecond}`, `-d${seconds}s`];
        const { requestsAnswered } = await loadOnce(each.target, flags);
        const asked = requestsPerSecond * seconds;
        each.samples.push(Math.abs(requestsAnswered / asked - 1) * 100);
        each.note = `${requestsAnswered.toLocaleString("en")} of ${asked.toLocaleString("en")} ` +
          `answered in ${seconds} s`;
      }
      return results(all).map((each) => ({ ...each, name: "hayate load -R" }));
    },
  };
}

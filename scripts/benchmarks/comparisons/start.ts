import type { GaugeComparison, ServerSpec } from "../comparison.ts";
import { denoServe } from "../contenders/javascript.ts";
import { hayateApp, hayateText } from "../contenders/hayate.ts";
import { nginxReturn } from "../contenders/nginx.ts";
import { unicorn } from "../contenders/unicorn.ts";
import { firstAnswer, firstRequest } from "../gauges/start_time.ts";

/** The same server with a master and two workers. */
function prefork(spec: ServerSpec): ServerSpec {
  return {
    ...spec,
    name: `${spec.name}, prefork`,
    args: (place) => {
      const args = [...spec.args(place)];
      args[args.indexOf("--workers") + 1] = "2";
      return args;
    },
  };
}

export const start: GaugeComparison = {
  name: "start",
  title: "from exec to the first answer, or the first request",
  judged: "gauge",
  unit: "ms",
  programs: ["nginx", "deno", "unicorn", "wrk"],
  settings: [
    firstAnswer("a fixed body, one worker", 60, [hayateText, nginxReturn]),
    firstAnswer("a fixed body, a master with two workers", 60, [prefork(hayateText)]),
    firstAnswer("an app, one worker", 80, [hayateApp, denoServe, unicorn]),
    firstAnswer("an app, a master with two workers", 80, [prefork(hayateApp)]),
    firstRequest("a load generator", 100),
  ],
  isCore: true,
};

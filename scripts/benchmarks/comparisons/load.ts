import type { ClientComparison, ClientSpec } from "../comparison.ts";
import {
  floorClient,
  floorClientVaried,
  floorServer,
  floorServerVaried,
} from "../contenders/floor.ts";
import {
  hayateLoad,
  hayateLoadTemplate,
  hayateLoadTemplateLength,
  hayateLoadVaried,
  hayateLoadVariedWith,
} from "../contenders/hayate_load.ts";
import { nginxReturn, nginxReturnVaried } from "../contenders/nginx.ts";
import { wrk, wrkVaried, wrkVariedWith } from "../contenders/wrk.ts";

const common = {
  judged: "client",
  contenders: [hayateLoad, floorClient, wrk],
  transports: ["tcp", "unix"],
  connections: [50, 600],
  secondsMin: 2,
  isCore: true,
} as const;

export const load: ClientComparison = {
  ...common,
  name: "load",
  title: "load generators, -t1, varied answers",
  // A server that is faster than its clients, so that they are never idle.
  targets: [floorServerVaried, nginxReturnVaried],
  // No distribution packages a wrk with unix sockets.
  goal: { tcp: 1.2, unix: null },
  floorGoal: { tcp: 1.15, unix: null },
};

export const loadSame: ClientComparison = {
  ...common,
  name: "load-same",
  title: "load generators, -t1, identical answers",
  targets: [floorServer, nginxReturn],
  connections: [50],
  isCore: false,
};

/** Requests of a script, made in different ways. */
function scripted(
  name: string,
  title: string,
  contenders: readonly ClientSpec[],
): ClientComparison {
  return {
    ...common,
    name,
    title: `load generators, -t1, varied answers, and ${title}`,
    targets: [floorServerVaried, nginxReturnVaried],
    contenders,
    connections: [50],
    goal: { tcp: 1, unix: null },
    isCore: false,
  };
}

export const loadScripts: readonly ClientComparison[] = [
  scripted("load-scripts", "a script's varied requests, made before the run", [
    hayateLoadVaried,
    floorClientVaried,
    wrkVaried,
  ]),
  scripted("load-formats", "a script that calls wrk.format() for each request", [
    hayateLoadVariedWith("make=format"),
    floorClientVaried,
    wrkVariedWith("make=format"),
  ]),
  scripted("load-texts", "a script that writes each request as a text", [
    hayateLoadVariedWith("make=text"),
    floorClientVaried,
    wrkVariedWith("make=text"),
  ]),
];

export const loadTemplates: ClientComparison = {
  ...common,
  name: "load-templates",
  title: "load with three placeholders of --template, and without, -t1, varied answers",
  targets: [floorServerVaried, nginxReturnVaried],
  contenders: [hayateLoadTemplate, hayateLoadTemplateLength],
  connections: [50],
  goal: { tcp: 0.95, unix: null },
  isCore: false,
};

/** What apps do, each under hayate serve, Deno.serve and Bun.serve. */
import type { ServerComparison } from "../comparison.ts";
import {
  bunEcho,
  echoApp,
  eventsApp,
  everywhere,
  honoApp,
  jsonApp,
  uploadApp,
} from "../contenders/apps.ts";
import { variedOrders } from "../contenders/drivers.ts";
import { hayateLoadEcho, hayateLoadEvents, hayateLoadUpload } from "../contenders/hayate_load.ts";

const common = { judged: "server", isCore: false } as const;
const both = ["tcp", "unix"] as const;
const tcp = ["tcp"] as const;

/** The version that the tests of serve use, too. */
export const honoPackage = { hono: "4.9.8" } as const;

export const appHono: ServerComparison = {
  ...common,
  name: "app-hono",
  title: "an app with hono's router, 21 routes, JSON answers, varied heads",
  transports: both,
  connections: [50],
  packages: honoPackage,
  contenders: everywhere(honoApp),
};

export const appJson: ServerComparison = {
  ...common,
  name: "app-json",
  title: "an app that reads, changes and answers JSON of 2 kB, POST, varied heads",
  transports: both,
  connections: [50],
  driver: variedOrders(28),
  contenders: everywhere(jsonApp),
};

/** Few enough for a core that sends 1,000 events in 10 ms. */
const eventsPerSecond = 50;

/** All clients open their streams in the first moment of a run, which counts: hence its length. */
export const appEvents: ServerComparison = {
  ...common,
  name: "app-sse",
  title: `an app that sends each event to all clients, ${eventsPerSecond} a second; per event sent`,
  transports: tcp,
  connections: [1000],
  secondsMin: 4,
  driver: hayateLoadEvents,
  contenders: everywhere(eventsApp(eventsPerSecond)),
};

const uploadBytes = 10_000_000;

export const appUpload: ServerComparison = {
  ...common,
  name: "app-upload",
  title: "an app that reads uploads of 10 MB chunk by chunk; per upload",
  transports: both,
  connections: [4],
  secondsMin: 3,
  driver: hayateLoadUpload(uploadBytes),
  contenders: everywhere(uploadApp),
};

const message = '{"type":"move","player":"4f1a","x":1024.5,"y":-33.25,"at":1764550000000}';

export const appWebSocket: ServerComparison = {
  ...common,
  name: "app-websocket",
  title: "an app that sends back the messages of WebSockets, 72 bytes; per message",
  transports: tcp,
  connections: [1000],
  secondsMin: 2,
  driver: hayateLoadEcho(message),
  contenders: everywhere(echoApp, bunEcho),
};

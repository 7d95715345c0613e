import type { ServerComparison } from "../comparison.ts";
import { bunReadingApp, denoReadingApp } from "../contenders/javascript.ts";
import { hayateApp, hayateReadingApp } from "../contenders/hayate.ts";
import { hayateLoad, hayateLoadNoKeepalive } from "../contenders/hayate_load.ts";
import { unicorn } from "../contenders/unicorn.ts";

const common = {
  judged: "server",
  transports: ["tcp", "unix"],
  connections: [50],
  isCore: false,
} as const;

/** Unicorn has no keep-alive, so neither side uses it. */
export const app: ServerComparison = {
  ...common,
  name: "app",
  title: 'application servers, "hello world", a connection per request',
  driver: hayateLoadNoKeepalive,
  contenders: [hayateApp, unicorn],
  goal: 5,
};

/** Each as deployed behind a proxy. */
export const appKeepalive: ServerComparison = {
  ...common,
  name: "app-keepalive",
  title: 'application servers, "hello world", keep-alive on our side alone',
  contenders: [
    { ...hayateApp, driver: hayateLoad },
    { ...unicorn, driver: hayateLoadNoKeepalive },
  ],
  goal: 5,
};

/** At least 1.1 times Bun, which is 1.6 times Deno.serve. */
export const fetch: ServerComparison = {
  ...common,
  name: "fetch",
  title: "a fetch handler that reads three fields and the URL, varied heads",
  contenders: [hayateReadingApp, bunReadingApp, denoReadingApp],
  goal: 1.1,
  isCore: true,
};

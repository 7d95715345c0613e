import type { ServerComparison } from "../comparison.ts";
import { denoServe } from "../contenders/deno.ts";
import { hayateApp } from "../contenders/hayate.ts";
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
  title: 'application servers, a handler that answers "hello world", connection per request',
  driver: hayateLoadNoKeepalive,
  contenders: [hayateApp, unicorn],
  goal: 5,
};

/** Each as deployed behind a proxy. */
export const appKeepalive: ServerComparison = {
  ...common,
  name: "app-keepalive",
  title: "the same with keep-alive on our side; Unicorn closes each connection",
  contenders: [
    { ...hayateApp, driver: hayateLoad },
    { ...unicorn, driver: hayateLoadNoKeepalive },
  ],
  goal: 5,
};

export const fetch: ServerComparison = {
  ...common,
  name: "fetch",
  title: "a fetch handler that answers a fresh Response, one worker",
  contenders: [hayateApp, denoServe],
  goal: 1.5,
};

import type { Comparison } from "../comparison.ts";
import { hayateApp, hayateLoadNoKeepalive } from "../contenders/hayate.ts";
import { unicorn } from "../contenders/unicorn.ts";

export const app: Comparison = {
  name: "app",
  title: 'application servers, a handler that answers "hello world", one worker',
  judged: "server",
  // Unicorn has no keep-alive, so neither side gets it.
  driver: hayateLoadNoKeepalive,
  contenders: [hayateApp, unicorn],
  transports: ["tcp", "unix"],
  connections: [50],
  isCore: false,
};

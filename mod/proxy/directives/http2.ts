/** Directives of HTTP/2 with clients. Names are those of h2o; `http2`, `http2-limits` and `http2-waiting-output-*` are ours. */
import { limitFacts, parseLimit } from "../../conn/exchange/http2_limits.ts";
import type { QueuedLimits } from "../../conn/exchange/http2_queued_output.ts";
import type { ConfigNode } from "../../config/mod.ts";
import type { Http2Plan } from "../plan/plan.ts";
import { count, type Directive, duration, levels, onOff } from "./draft/directive.ts";
import type { LevelDraft } from "./draft/drafts.ts";
import { phases, readMap, readScalar, scalar } from "./draft/directive.ts";

/** A stream's window is at most this (RFC 9113 6.9.1). */
const windowBytesMax = 2 ** 31 - 1;
const windowBytesMin = 65_535;
/** h2o's limit. */
const requestsMost = 256;
const streamsMost = 1_000_000;
/** 1 TiB: more than any machine has. */
const outputBytesMost = 2 ** 40;

function set({ plan }: LevelDraft, part: Partial<Http2Plan>): void {
  plan.global.http2 = { ...plan.global.http2, ...part };
}

function setQueued(draft: LevelDraft, part: Partial<QueuedLimits>): void {
  set(draft, { queued: { ...draft.plan.global.http2.queued, ...part } });
}

export const http2Directives: readonly Directive[] = [
  scalar("http2", levels.global, onOff, (draft, value) => {
    set(draft, { isOn: value });
  }),
  scalar("http2-idle-timeout", levels.global, duration(1000), (draft, value) => {
    set(draft, { idleTimeoutMs: value });
  }),
  scalar("http2-graceful-shutdown-timeout", levels.global, duration(1000), (draft, value) => {
    set(draft, { gracefulTimeoutMs: value });
  }),
  scalar("http2-max-streams", levels.global, count(1, streamsMost), (draft, value) => {
    set(draft, { streamsMax: value });
  }),
  scalar(
    "http2-max-concurrent-requests-per-connection",
    levels.global,
    count(1, requestsMost),
    (draft, value) => {
      set(draft, { requestsMax: value });
    },
  ),
  scalar(
    "http2-max-concurrent-streaming-requests-per-connection",
    levels.global,
    count(1, requestsMost),
    (draft, value) => {
      set(draft, { streamingMax: value });
    },
  ),
  scalar(
    "http2-input-window-size",
    levels.global,
    count(windowBytesMin, windowBytesMax),
    (draft, value) => {
      set(draft, { windowBytes: value });
    },
  ),
  scalar("http2-dos-delay", levels.global, duration(1), (draft, value) => {
    set(draft, { dosDelayMs: value });
  }),
  scalar("http2-reprioritize-blocking-assets", levels.global, onOff, (draft, value) => {
    set(draft, { ranksAssets: value });
  }),
  scalar(
    "http2-waiting-output-per-connection",
    levels.global,
    count(windowBytesMin, outputBytesMost),
    (draft, value) => {
      setQueued(draft, { connectionBytesMax: value });
    },
  ),
  scalar(
    "http2-waiting-output-per-listener",
    levels.global,
    count(windowBytesMin, outputBytesMost),
    (draft, value) => {
      setQueued(draft, { serverBytesMax: value });
    },
  ),
  {
    name: "http2-limits",
    levels: levels.global,
    phase: phases.setting,
    apply(draft, value, name) {
      if (value.kind !== "mapping") {
        return draft.problem(value.at, `${name}: a mapping of limits is expected`);
      }
      const readers = limitFacts.map(({ key, name: limit, hasRate }) => {
        const kind = {
          allowed: hasRate ? "BURST, or BURST and RATE per second, such as 100 33" : "a number",
          parse: (text: string) => parseLimit(text, hasRate),
        };
        return [key, (node: ConfigNode) => {
          const rule = readScalar(draft, `${name}.${key}`, node, kind);
          const { limits } = draft.plan.global.http2;
          if (rule !== null) set(draft, { limits: { ...limits, [limit]: rule } });
        }];
      });
      readMap(draft, name, value, Object.fromEntries(readers));
    },
  },
];

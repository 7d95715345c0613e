import {
  defaultSectionLimits,
  defaultSessionOptions,
  type SessionOptions,
} from "../../http2/mod.ts";
import type { MessageLimits } from "../../http1/limits.ts";
import { defaultQueuedLimits, type QueuedLimits } from "./http2_queued_output.ts";

/** Options of HTTP/2 on a server. Timeouts in milliseconds; 0 disables one. */
export interface Http2Options {
  /** Without `limits`, which are those of the server. */
  readonly session: Omit<SessionOptions, "limits">;
  /** Between two exchanges of a connection; null: as for HTTP/1. */
  readonly idleTimeoutMs: number | null;
  /** From the last GOAWAY to the end of a connection whose streams do not end. */
  readonly gracefulTimeoutMs: number;
  /** Request bodies of one connection that are passed on at the same time. */
  readonly streamingMax: number;
  /** Style sheets, scripts and fonts go first, where the client gives no priority. */
  readonly ranksAssets: boolean;
  /** How long nothing is read from a client that resets more than half of its streams; 0: no delay. */
  readonly dosDelayMs: number;
  /** Responses that wait for the windows of clients. */
  readonly queued: QueuedLimits;
}

const { limits: _limits, ...session } = defaultSessionOptions;

export const defaultHttp2Options: Http2Options = {
  session,
  idleTimeoutMs: null,
  gracefulTimeoutMs: 0,
  streamingMax: 100,
  ranksAssets: true,
  dosDelayMs: 100,
  queued: defaultQueuedLimits,
};

/** The options of each session of a server whose requests have these limits. */
export function sessionOptionsOf(options: Http2Options, limits: MessageLimits): SessionOptions {
  const { headBytesMax, fieldsMax, startLineBytesMax } = limits;
  return {
    ...options.session,
    limits: { ...defaultSectionLimits, headBytesMax, fieldsMax, pathBytesMax: startLineBytesMax },
  };
}

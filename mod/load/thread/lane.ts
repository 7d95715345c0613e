/** What carries requests, as the thread sees it. */
import type { FailureKind } from "../plan/failure.ts";
import type { Reactor } from "../../net/reactor.ts";
import type { ThreadPlan } from "../plan/thread_plan.ts";
import type { TimedRequest } from "./answer_groups.ts";
import type { MadeRequests } from "../script/made_requests.ts";
import type { TextBuffer } from "../script/text_buffer.ts";
import type { Dispatch } from "./dispatch.ts";
import type { GroupState } from "./group_state.ts";
import type { Recorder } from "./recorder.ts";
import type { ThreadSockets } from "./thread_sockets.ts";

export const Phase = {
  closed: 0,
  connecting: 1,
  idle: 2,
  busy: 3,
  resting: 4,
  /** HTTP/2: the server allows no more streams on the connection. */
  parked: 5,
} as const;
export type Phase = typeof Phase[keyof typeof Phase];

/**
 * A place for one request at a time, or for one pipelined batch: an HTTP/1.1 connection, or one of
 * the streams that an HTTP/2 connection has at once.
 */
export interface Lane extends TimedRequest {
  readonly group: GroupState;
  readonly phase: Phase;
  /** When the request under way times out; may be raised. */
  deadlineMs: number;
  /** Requests sent or queued for sending, without a complete response. */
  readonly outstanding: number;
  /** In the queue of lanes waiting for the schedule. */
  isQueued: boolean;
  /** Delayed by its script. */
  isDelayed: boolean;
  /** Consecutive failed connects. */
  readonly connectStreak: number;
  /** The lane carries another request, or can reconnect to do so. */
  connect(nowMs: number): void;
  /** Loads requests `index` and following of the group, `countMax` at most. Returns how many. */
  load(index: number, countMax: number): number;
  /** Loads the first `count` requests that a script has made. */
  loadScripted(made: MadeRequests, count: number): void;
  /** Sends what was loaded, connecting first when there is no connection. */
  send(nowMs: number, intendedMs: number): void;
  /** Fails the request under way. Not to be called while its bytes are read. */
  giveUp(kind: FailureKind, code: string, nowMs: number): void;
  /** The run is over, or this lane is not needed any more. */
  close(): void;
}

/** Sends the same request of a lane again, when it is time. */
export interface Reopening {
  /** How long the lane must wait, in milliseconds. */
  waitMs(lane: Lane, nowMs: number): number;
  /** Loads the request of the lane. Returns 1. */
  load(lane: Lane): number;
}

/** What the lanes of a thread share. */
export interface LaneParts {
  readonly plan: ThreadPlan;
  readonly reactor: Reactor;
  readonly sockets: ThreadSockets;
  /** Hands out requests. */
  readonly dispatch: Dispatch<Lane>;
  readonly recorder: Recorder;
  /** Holds a text while it is sent. */
  readonly texts: TextBuffer;
}

/** Makes `count` lanes for the connections of the plan; `groups` are those of the plan. */
export type LaneMaker = (parts: LaneParts, groups: readonly GroupState[], count: number) => Lane[];

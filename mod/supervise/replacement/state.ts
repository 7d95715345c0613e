/** What a supervisor hands to the program that replaces it: read back whole, or not at all. Pure. */
import {
  count,
  flag,
  list,
  nullable,
  optional,
  readShaped,
  record,
  text,
  whole,
} from "../../base/shape.ts";
import type { OpenerState } from "../../process/opening/opener.ts";
import type { UserIds } from "../../process/privileges/safe_path.ts";

/** Changes when the state changes its meaning. */
export const stateVersion = 2;

/** Printed by `supervise resume-check`: a program that prints it can take the state. */
export const stateGreeting = `hayate supervise state ${stateVersion}`;

/** A listening socket: its descriptors stay open over execve(2). */
export interface KeptSocket {
  readonly name: string;
  readonly datagram: boolean;
  readonly fds: readonly number[];
  /** See `HeldSockets.areOurs`. */
  readonly isOurs: boolean;
}

export interface KeptWorker {
  readonly pid: number;
  readonly generation: number;
}

export interface ReplacementState {
  readonly version: number;
  readonly sockets: readonly KeptSocket[];
  readonly workers: readonly KeptWorker[];
  /** Write ends of the leases of these workers. */
  readonly leases: readonly number[];
  /** The pipe that workers write their log to; null: they write elsewhere. */
  readonly logPipe: { readonly readEnd: number; readonly writeEnd: number } | null;
  readonly ticketSeed: string | null;
  readonly selfSigned: string | null;
  /** Of the service manager; empty: none. */
  readonly notifySocket: string;
  readonly servedConfig: string | null;
  /** Sockets at which generations without root ask for files, and what they were granted. */
  readonly openers: readonly OpenerState[];
  /** What workers read about the generations; absent in the state of earlier versions. */
  readonly board?: number | null;
}

const descriptor = whole(0, 0x7fffffff);

const shape = record<ReplacementState>({
  version: whole(stateVersion, stateVersion),
  sockets: list(record<KeptSocket>({
    name: text,
    datagram: flag,
    fds: list(descriptor, 1),
    isOurs: flag,
  })),
  workers: list(record<KeptWorker>({ pid: whole(1, 0x7fffffff), generation: count })),
  leases: list(descriptor),
  logPipe: nullable(
    record<{ readEnd: number; writeEnd: number }>({ readEnd: descriptor, writeEnd: descriptor }),
  ),
  ticketSeed: nullable(text),
  selfSigned: nullable(text),
  notifySocket: text,
  servedConfig: nullable(text),
  openers: list(record<OpenerState>({
    fd: descriptor,
    grants: list(text),
    user: nullable(record<UserIds>({ uid: count, gids: list(count) })),
  })),
  board: optional(nullable(descriptor)),
});

/** The state, or why it cannot be used. */
export function readState(json: string): ReplacementState | string {
  const read = readShaped<ReplacementState>(json, shape, "the state");
  return typeof read === "string" ? read : read.value;
}

/** Every descriptor that the state names. */
export function descriptorsOf(state: ReplacementState): number[] {
  const { sockets, leases, logPipe, openers, board } = state;
  return [
    ...sockets.flatMap(({ fds }) => fds),
    ...leases,
    ...(logPipe === null ? [] : [logPipe.readEnd, logPipe.writeEnd]),
    ...openers.map(({ fd }) => fd),
    ...(board === undefined || board === null ? [] : [board]),
  ];
}

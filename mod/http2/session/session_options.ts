import type { SectionLimits } from "../fields/field_section.ts";
import { defaultGuardRules, type GuardRules } from "../guard/guard.ts";

/** Bytes that all connections of a process hold, received and not consumed. */
export interface HeldBytes {
  now: number;
  /** Beyond it, connections that hold bytes get no new credit. */
  readonly max: number;
}

export interface SessionOptions {
  readonly isServer: boolean;
  /** Streams that the peer may open at once; what SETTINGS announces. */
  readonly streamsMax: number;
  /** Bytes of a stream that the peer may send ahead of its consumer. */
  readonly streamWindowBytes: number;
  /** The same for all streams of the connection together. */
  readonly connectionWindowBytes: number;
  /** Bytes of one connection received and not consumed; at least `connectionWindowBytes`. */
  readonly heldBytesMax: number;
  /** Shared by all connections of the process. */
  readonly held: HeldBytes;
  /** Our decoder's dynamic table; at most what the `HeadSpace` was made for. */
  readonly tableBytesMax: number;
  readonly limits: SectionLimits;
  readonly guard: GuardRules;
  /** Announces extended CONNECT (RFC 8441). Servers only. */
  readonly allowsConnect: boolean;
}

export const defaultSectionLimits: SectionLimits = {
  headBytesMax: 65_536,
  fieldsMax: 128,
  pathBytesMax: 8192,
};

/** What a server uses where the configuration says nothing. */
export const defaultSessionOptions: SessionOptions = {
  isServer: true,
  streamsMax: 100,
  // An upload costs 10 % less CPU than with 256 KB, because credit is announced half as often.
  streamWindowBytes: 524_288,
  connectionWindowBytes: 2_097_152,
  // Windows of 16 streams: as many may be slow before their neighbours get less credit.
  heldBytesMax: 8_388_608,
  held: { now: 0, max: 268_435_456 },
  tableBytesMax: 4096,
  limits: defaultSectionLimits,
  guard: defaultGuardRules,
  allowsConnect: true,
};

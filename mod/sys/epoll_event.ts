/**
 * struct epoll_event: packed to 12 bytes on x86-64 only, 16 bytes with 4 of padding elsewhere
 * (epoll_ctl(2)).
 */
import { O } from "./descriptor_flags.ts";

const packed = Deno.build.arch === "x86_64";
/** Distance from one event to the next, in bytes. */
export const eventBytes = packed ? 12 : 16;
/**
 * Offset of `data` in an event, in bytes. The low half holds the descriptor, the high half a
 * generation.
 */
export const eventDataOffset = packed ? 4 : 8;

export const EPOLL = {
  in: 0x1,
  out: 0x4,
  err: 0x8,
  hup: 0x10,
  rdhup: 0x2000,
  exclusive: 0x10000000,
  /** Edge-triggered; the sign bit, so that masks stay 32-bit integers. */
  et: 1 << 31,
  ctlAdd: 1,
  ctlDel: 2,
  ctlMod: 3,
  cloexec: O.cloexec,
} as const;

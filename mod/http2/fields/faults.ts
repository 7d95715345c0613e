/** Faults of a field section, as negative numbers; a message with one is malformed or too large. */
import {
  describeFaults,
  type FaultDescription,
  MessageFault,
  messageFaultPhrases,
} from "../../http/faults.ts";

/** `MessageFault` ends above -32; the faults of this version follow. */
export const Fault = {
  ...MessageFault,
  connectionSpecific: -32,
  te: -33,
  pseudoUnknown: -34,
  pseudoRepeated: -35,
  pseudoLate: -36,
  pseudoMissing: -37,
  pseudoMisplaced: -38,
  scheme: -39,
  authority: -40,
  authorityUnlikeHost: -41,
  status: -42,
  protocol: -43,
  pathTooLong: -44,
} as const;
export type Fault = typeof Fault[keyof typeof Fault];

const descriptions = describeFaults<keyof typeof Fault>(Fault, {
  ...messageFaultPhrases,
  connectionSpecific: [400, "connection-specific field"],
  te: [400, "TE is not trailers"],
  pseudoUnknown: [400, "unknown pseudo field"],
  pseudoRepeated: [400, "repeated pseudo field"],
  pseudoLate: [400, "pseudo field after a regular one"],
  pseudoMissing: [400, "a pseudo field is missing"],
  pseudoMisplaced: [400, "pseudo field that does not belong to this message"],
  scheme: [400, ":scheme is not http or https"],
  authority: [400, "malformed :authority"],
  authorityUnlikeHost: [400, ":authority and host differ"],
  status: [400, "malformed :status"],
  protocol: [400, ":protocol without CONNECT"],
  pathTooLong: [414, ":path too long"],
});

/**
 * Describes a fault. With status 400 the message is malformed and its stream is reset (RFC 9113
 * 8.1.1); with 414 and 431 it is well formed and may be answered. Throws RangeError if `code` is not
 * a fault.
 */
export function describeFault(code: number): FaultDescription {
  const description = descriptions[-code];
  if (description === undefined) throw new RangeError(`Cannot describe a fault: code is ${code}`);
  return description;
}

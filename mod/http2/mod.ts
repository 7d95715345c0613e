/** The HTTP/2 codec: bytes in, events out. It uses no socket, clock or promise. */
export { ErrorCode, errorName } from "./frames/error_code.ts";
export type { SectionLimits } from "./fields/field_section.ts";
export { describeFault, Fault } from "./fields/faults.ts";
export { ByteWriter } from "./frames/byte_writer.ts";
export { clientPreface } from "./frames/constants.ts";
export {
  defaultGuardRules,
  type GuardReason,
  type GuardRule,
  type GuardRules,
} from "./guard/guard.ts";
export { HpackEncoder, type NeverIndexedLines } from "./hpack/encoder.ts";
export { LineCache } from "./hpack/line_cache.ts";
export { HeadSpace } from "./session/head_space.ts";
export { PreparedResponse } from "./session/prepared_response.ts";
export { Session } from "./session/session.ts";
export {
  defaultSectionLimits,
  defaultSessionOptions,
  type HeldBytes,
  type SessionOptions,
} from "./session/session_options.ts";
export type { FailureReason, SessionOutput, SessionSink } from "./session/session_sink.ts";
export { Stream } from "./session/stream.ts";

/** What all versions of HTTP share: heads, fields, methods, statuses. No socket, clock or promise. */
export { lowerCase } from "./char_class.ts";
export { ConstantBytes } from "./constant_bytes.ts";
export { imfFixdate, parseHttpDate } from "./date.ts";
export { type FaultDescription, responseFaultStatus } from "./faults.ts";
export { HeadWriter } from "./head_writer.ts";
export { KnownBytes, wordsOf } from "./known_bytes.ts";
export { latin1, latin1Bytes } from "./latin1.ts";
export { type FieldLimits, type TrailerLimits } from "./limits.ts";
export { Fact, FieldKind, Framing, MessageHead } from "./message_head.ts";
export { Method, methodNames } from "./method.ts";
export { RequestHead, TargetForm } from "./request_head.ts";
export { ResponseHead } from "./response_head.ts";
export { reasonPhrase } from "./status.ts";
export type { TrailerField } from "./trailers.ts";

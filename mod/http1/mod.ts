/** The HTTP/1.1 codec: bytes in, events out. It uses no socket, clock or promise. */
export { BodyDecoder } from "./body_decoder.ts";
export { chunkEnd, chunkSizeBytesMax, lastChunk, writeChunkSize } from "./chunk_writer.ts";
export { imfFixdate, parseHttpDate } from "./date.ts";
export { describeFault, Fault, type FaultDescription, responseFaultStatus } from "./faults.ts";
export { HeadWriter } from "./head_writer.ts";
export { KnownBytes, wordsOf } from "./known_bytes.ts";
export { latin1, latin1Bytes } from "./latin1.ts";
export { type BodyLimits, defaultLimits, type HeadLimits, type MessageLimits } from "./limits.ts";
export { Fact, FieldKind, Framing, MessageHead } from "./message_head.ts";
export { Method, methodNames } from "./method.ts";
export { parseRequestHead, RequestHead, TargetForm } from "./request_head.ts";
export { RequestParser } from "./request_parser.ts";
export { parseResponseHead, ResponseHead } from "./response_head.ts";
export { ResponseParser } from "./response_parser.ts";
export { reasonPhrase } from "./status.ts";
export type { TrailerField } from "./trailer_section.ts";

/** The HTTP/1.1 codec: bytes in, events out. It uses no socket, clock or promise. */
export { BodyDecoder } from "./body_decoder.ts";
export { chunkEnd, chunkSizeBytesMax, lastChunk, writeChunkSize } from "./chunk_writer.ts";
export { describeFault, Fault } from "./faults.ts";
export { type BodyLimits, defaultLimits, type HeadLimits, type MessageLimits } from "./limits.ts";
export { parseRequestHead } from "./request_head.ts";
export { RequestParser } from "./request_parser.ts";
export { parseResponseHead } from "./response_head.ts";
export { ResponseParser } from "./response_parser.ts";
export { writeStatusLine } from "./status_line.ts";

/**
 * Protocol violations by a peer, as negative numbers that parsers return instead of an offset.
 *
 * Each fault in a request has a response status: 400, 414, 431, 501 or 505. The connection is
 * closed after it, because the start of the next request is unknown. A fault in a response always
 * becomes 502.
 */
import {
  describeFaults,
  type FaultDescription,
  MessageFault,
  messageFaultPhrases,
} from "../http/faults.ts";

/** `MessageFault` ends above -32; the faults of the syntax follow. */
export const Fault = {
  ...MessageFault,
  requestLine: -32,
  version: -33,
  versionUnsupported: -34,
  requestLineTooLong: -35,
  obsFold: -36,
  bareCarriageReturn: -37,
  bareLineFeed: -38,
  lengthAndChunked: -39,
  transferEncoding: -40,
  transferEncodingUnknown: -41,
  transferEncodingVersion: -42,
  statusLine: -43,
  chunkSize: -44,
  chunkExtensionTooLong: -45,
  chunkEnd: -46,
  notHttp: -47,
} as const;
export type Fault = typeof Fault[keyof typeof Fault];

const descriptions = describeFaults<keyof typeof Fault>(Fault, {
  ...messageFaultPhrases,
  requestLine: [400, "malformed request line"],
  version: [400, "malformed HTTP version"],
  versionUnsupported: [505, "HTTP version is not 1.x"],
  requestLineTooLong: [414, "request line too long"],
  obsFold: [400, "field line begins with white space"],
  bareCarriageReturn: [400, "CR without LF"],
  bareLineFeed: [400, "LF without CR"],
  lengthAndChunked: [400, "both Content-Length and Transfer-Encoding"],
  transferEncoding: [400, "malformed or repeated Transfer-Encoding"],
  transferEncodingUnknown: [501, "transfer coding is not chunked"],
  transferEncodingVersion: [400, "Transfer-Encoding in HTTP/1.0"],
  statusLine: [400, "malformed status line"],
  chunkSize: [400, "malformed chunk size"],
  chunkExtensionTooLong: [400, "chunk extensions too long"],
  chunkEnd: [400, "chunk data is not followed by CRLF"],
  notHttp: [400, "not HTTP"],
});

/** Describes a negative parser result. Throws RangeError if `code` is not a fault. */
export function describeFault(code: number): FaultDescription {
  const description = descriptions[-code];
  if (description === undefined) throw new RangeError(`Cannot describe a fault: code is ${code}`);
  return description;
}

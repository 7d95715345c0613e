/**
 * Protocol violations by a peer, as negative numbers that parsers return instead of an offset.
 *
 * Each fault in a request has a response status. The connection is closed after it, because the
 * start of the next request is unknown. A fault in a response always becomes 502.
 */
export const Fault = {
  requestLine: -1,
  method: -2,
  target: -3,
  version: -4,
  versionUnsupported: -5,
  requestLineTooLong: -6,
  headTooLong: -7,
  tooManyFields: -8,
  fieldName: -9,
  fieldValue: -10,
  obsFold: -11,
  bareCarriageReturn: -12,
  bareLineFeed: -13,
  hostMissing: -14,
  hostRepeated: -15,
  hostInvalid: -16,
  contentLength: -17,
  contentLengthRepeated: -18,
  lengthAndChunked: -19,
  transferEncoding: -20,
  transferEncodingUnknown: -21,
  transferEncodingVersion: -22,
  statusLine: -23,
  chunkSize: -24,
  chunkExtensionTooLong: -25,
  chunkEnd: -26,
  trailer: -27,
  trailerTooLong: -28,
} as const;
export type Fault = typeof Fault[keyof typeof Fault];

export interface FaultDescription {
  /** The key in `Fault`, used in logs and counters. */
  readonly name: string;
  /** Status of the response to a request with this fault: 400, 414, 431, 501 or 505. */
  readonly status: number;
  /** One plain phrase for a log line; no trailing full stop. */
  readonly phrase: string;
}

/** Status sent to the client for a fault in a response from upstream (RFC 9110 15.6.3). */
export const responseFaultStatus = 502;

const phrases: Record<keyof typeof Fault, readonly [status: number, phrase: string]> = {
  requestLine: [400, "malformed request line"],
  method: [400, "method is not a token"],
  target: [400, "malformed request-target"],
  version: [400, "malformed HTTP version"],
  versionUnsupported: [505, "HTTP version is not 1.x"],
  requestLineTooLong: [414, "request line too long"],
  headTooLong: [431, "head too long"],
  tooManyFields: [431, "too many fields"],
  fieldName: [400, "malformed field name"],
  fieldValue: [400, "control byte in a field value"],
  obsFold: [400, "field line begins with white space"],
  bareCarriageReturn: [400, "CR without LF"],
  bareLineFeed: [400, "LF without CR"],
  hostMissing: [400, "no Host field"],
  hostRepeated: [400, "more than one Host field"],
  hostInvalid: [400, "malformed Host"],
  contentLength: [400, "malformed Content-Length"],
  contentLengthRepeated: [400, "more than one Content-Length"],
  lengthAndChunked: [400, "both Content-Length and Transfer-Encoding"],
  transferEncoding: [400, "malformed or repeated Transfer-Encoding"],
  transferEncodingUnknown: [501, "transfer coding is not chunked"],
  transferEncodingVersion: [400, "Transfer-Encoding in HTTP/1.0"],
  statusLine: [400, "malformed status line"],
  chunkSize: [400, "malformed chunk size"],
  chunkExtensionTooLong: [400, "chunk extensions too long"],
  chunkEnd: [400, "chunk data is not followed by CRLF"],
  trailer: [400, "malformed trailer field"],
  trailerTooLong: [431, "trailer section too long"],
};

const descriptions: FaultDescription[] = [];
for (const [name, code] of Object.entries(Fault)) {
  const [status, phrase] = phrases[name as keyof typeof Fault];
  descriptions[-code] = { name, status, phrase };
}

/** Describes a negative parser result. Throws RangeError if `code` is not a fault. */
export function describeFault(code: number): FaultDescription {
  const description = descriptions[-code];
  if (description === undefined) throw new RangeError(`Cannot describe a fault: code is ${code}`);
  return description;
}

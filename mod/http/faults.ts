/**
 * Protocol violations in a message, as negative numbers that parsers return instead of an offset.
 *
 * These can occur in every version. A version adds those of its syntax, from -32 on.
 */
export const MessageFault = {
  method: -1,
  target: -2,
  headTooLong: -3,
  tooManyFields: -4,
  fieldName: -5,
  fieldValue: -6,
  hostMissing: -7,
  hostRepeated: -8,
  hostInvalid: -9,
  contentLength: -10,
  contentLengthRepeated: -11,
  trailer: -12,
  trailerTooLong: -13,
} as const;
export type MessageFault = typeof MessageFault[keyof typeof MessageFault];

export interface FaultDescription {
  /** The key of the fault, used in logs and counters. */
  readonly name: string;
  /** Status of the response to a request with this fault. */
  readonly status: number;
  /** One plain phrase for a log line; no trailing full stop. */
  readonly phrase: string;
}

/** Status sent to the client for a fault in a response from upstream (RFC 9110 15.6.3). */
export const responseFaultStatus = 502;

/** Status and phrase by the name of a fault. */
export type FaultPhrases<Name extends string> = Readonly<
  Record<Name, readonly [status: number, phrase: string]>
>;

export const messageFaultPhrases: FaultPhrases<keyof typeof MessageFault> = {
  method: [400, "method is not a token"],
  target: [400, "malformed request-target"],
  headTooLong: [431, "head too long"],
  tooManyFields: [431, "too many fields"],
  fieldName: [400, "malformed field name"],
  fieldValue: [400, "control byte in a field value"],
  hostMissing: [400, "no Host field"],
  hostRepeated: [400, "more than one Host field"],
  hostInvalid: [400, "malformed Host"],
  contentLength: [400, "malformed Content-Length"],
  contentLengthRepeated: [400, "more than one Content-Length"],
  trailer: [400, "malformed trailer field"],
  trailerTooLong: [431, "trailer section too long"],
};

/** The descriptions of `faults`, at the index of each negated code. */
export function describeFaults<Name extends string>(
  faults: Readonly<Record<Name, number>>,
  phrases: FaultPhrases<Name>,
): readonly (FaultDescription | undefined)[] {
  const descriptions: FaultDescription[] = [];
  for (const [name, code] of Object.entries<number>(faults)) {
    const [status, phrase] = phrases[name as Name];
    descriptions[-code] = { name, status, phrase };
  }
  return descriptions;
}

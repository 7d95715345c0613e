/** Limits of a head. */
export interface HeadLimits {
  /** Request line or status line without its CRLF. Beyond it: 414. */
  readonly startLineBytesMax: number;
  /** The whole head, from its start line through the empty line. Beyond it: 431. */
  readonly headBytesMax: number;
  /** Number of field lines. Beyond it: 431. */
  readonly fieldsMax: number;
}

/** Limits of a chunked body's overhead. The data itself is limited by its reader. */
export interface BodyLimits {
  /** Bytes of chunk extensions, summed over the body. Beyond it: 400. */
  readonly chunkExtensionBytesMax: number;
  /** The trailer section with its line ends. Beyond it: 431. */
  readonly trailerBytesMax: number;
  /** Number of trailer fields. Beyond it: 431. */
  readonly trailerFieldsMax: number;
}

export interface MessageLimits extends HeadLimits, BodyLimits {}

/**
 * Well above what common clients send: browsers send at most about 8 KB of target and, with
 * cookies, 20 KB of head; nginx allows 8 KB per line and 32 KB in all, h2o about 100 fields.
 */
export const defaultLimits: MessageLimits = {
  startLineBytesMax: 8192,
  headBytesMax: 65536,
  fieldsMax: 128,
  chunkExtensionBytesMax: 16384,
  trailerBytesMax: 8192,
  trailerFieldsMax: 32,
};

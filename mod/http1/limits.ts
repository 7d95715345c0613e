/** Bounds of a head. */
export interface HeadLimits {
  /** Request line or status line without its CRLF. More: 414. */
  readonly startLineBytesMax: number;
  /** The whole head from its start line to the empty line, that one included. More: 431. */
  readonly headBytesMax: number;
  /** Field lines. More: 431. */
  readonly fieldsMax: number;
}

/** Bounds of what surrounds the data of a chunked body. The data itself is bounded by its reader. */
export interface BodyLimits {
  /** Bytes of chunk extensions, summed over the body. More: 400. */
  readonly chunkExtensionBytesMax: number;
  /** The trailer section with its line ends. More: 431. */
  readonly trailerBytesMax: number;
  /** Trailer fields. More: 431. */
  readonly trailerFieldsMax: number;
}

export interface MessageLimits extends HeadLimits, BodyLimits {}

/**
 * What common clients stay far below: browsers send at most about 8 KB of target and, with cookies,
 * 20 KB of head; nginx allows 8 KB per line and 32 KB, h2o about 100 fields.
 */
export const defaultLimits: MessageLimits = {
  startLineBytesMax: 8192,
  headBytesMax: 65536,
  fieldsMax: 128,
  chunkExtensionBytesMax: 16384,
  trailerBytesMax: 8192,
  trailerFieldsMax: 32,
};

/** Limits of the fields of a head. */
export interface FieldLimits {
  /** The whole head, with its start line. Beyond it: 431. */
  readonly headBytesMax: number;
  /** Number of fields. Beyond it: 431. */
  readonly fieldsMax: number;
}

/** Limits of the trailer fields of a body. */
export interface TrailerLimits {
  /** The trailer section with its line ends. Beyond it: 431. */
  readonly trailerBytesMax: number;
  /** Number of trailer fields. Beyond it: 431. */
  readonly trailerFieldsMax: number;
}

/**
 * Well above what common clients send: browsers send, with cookies, at most about 20 KB of head;
 * nginx allows 32 KB, h2o about 100 fields.
 */
export const defaultFieldLimits: FieldLimits & TrailerLimits = {
  headBytesMax: 65536,
  fieldsMax: 128,
  trailerBytesMax: 8192,
  trailerFieldsMax: 32,
};

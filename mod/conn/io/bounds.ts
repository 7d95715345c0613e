/** Bounds that hold for every exchange, in each version and direction. */

/** Bytes of body queued for a slow peer before `writeBody` returns false: the writer must stop. */
export const waitingBytesMax = 65_536;

/**
 * Bytes of an unwanted request body that are read and dropped; with more, the connection is closed or
 * the stream is reset.
 */
export const discardBytesMax = 262_144;

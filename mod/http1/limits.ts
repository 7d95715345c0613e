import { defaultFieldLimits, type FieldLimits, type TrailerLimits } from "../http/limits.ts";

/** Limits of a head, from its start line through the empty line. */
export interface HeadLimits extends FieldLimits {
  /** Request line or status line without its CRLF. Beyond it: 414. */
  readonly startLineBytesMax: number;
}

/** Limits of a chunked body's overhead. The data itself is limited by its reader. */
export interface BodyLimits extends TrailerLimits {
  /** Bytes of chunk extensions, summed over the body. Beyond it: 400. */
  readonly chunkExtensionBytesMax: number;
}

export interface MessageLimits extends HeadLimits, BodyLimits {}

/** Browsers send at most about 8 KB of target, and nginx allows 8 KB per line. */
export const defaultLimits: MessageLimits = {
  ...defaultFieldLimits,
  startLineBytesMax: 8192,
  chunkExtensionBytesMax: 16384,
};

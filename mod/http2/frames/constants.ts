/** Numbers of RFC 9113 and its extensions. */

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
  /** RFC 9218 7.1. */
  priorityUpdate: 16,
} as const;

export const Flag = {
  /** On DATA and HEADERS. */
  endStream: 1,
  /** On SETTINGS and PING. */
  ack: 1,
  endHeaders: 4,
  padded: 8,
  priority: 32,
} as const;

/** Identifiers of settings (RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1). */
export const SettingId = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
  noRfc7540Priorities: 9,
} as const;

/** Bytes of a frame's header. */
export const frameHeaderBytes = 9;
/** Payload that everybody accepts, and the only one that we accept. */
export const frameBytesMin = 16_384;
/** Largest value of SETTINGS_MAX_FRAME_SIZE. */
export const frameBytesMost = 16_777_215;
/** Windows before any SETTINGS. */
export const initialWindowBytes = 65_535;
export const windowBytesMax = 0x7fffffff;
/** SETTINGS_HEADER_TABLE_SIZE before any SETTINGS. */
export const initialTableBytes = 4096;
export const streamIdMax = 0x7fffffff;

/** What a client sends first (RFC 9113 3.4). */
export const clientPreface = Uint8Array.from(
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  (letter) => letter.charCodeAt(0),
);

/**
 * Larger frames save nothing, and hold up other streams for longer. With its header such a frame fills
 * a TLS record. Several leave together: they are below the size from which output is sent by itself.
 */
export const writtenFrameBytesMax = 16_375;

/** Payload of the frames that we send to a peer with this SETTINGS_MAX_FRAME_SIZE. */
export function writableFrameBytes(peerBytesMax: number): number {
  return Math.min(peerBytesMax, writtenFrameBytesMax);
}

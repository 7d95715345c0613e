/** Constants of version 2 (proxy-protocol.txt, section 2.2). */

/** The first bytes of a version 2 header, chosen so that no text protocol begins with them. */
export const signature = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);

/** Offsets within a header, commands, and the families that are streams. */
export const V2 = {
  command: 12,
  family: 13,
  length: 14,
  /** Length of the fixed part of a header. */
  headBytes: 16,
  local: 0,
  proxy: 1,
  tcp4: 0x11,
  tcp6: 0x21,
  unixStream: 0x31,
} as const;

/** `sun_path` of a unix socket's address. */
export const unixPathBytes = 108;

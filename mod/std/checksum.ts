/** CRC-32: a typed view of node:zlib. */
import { crc32 as crc32OfZlib } from "node:zlib";

/** CRC-32 of `bytes`, or of a text in UTF-8, as eight hexadecimal digits. It finds damage, no forgery. */
export function crc32(content: Uint8Array | string): string {
  return crc32OfZlib(content).toString(16).padStart(8, "0");
}

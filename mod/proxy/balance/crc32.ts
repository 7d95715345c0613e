/** CRC-32 (IEEE 802.3, reflected), as zlib and nginx compute it. */
const table = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ 0xedb88320 : value >>> 1;
  table[byte] = value;
}

export function crc32(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let at = start; at < end; at++) crc = table[(crc ^ bytes[at]) & 255] ^ crc >>> 8;
  return (crc ^ 0xffffffff) >>> 0;
}

/** CRC-32 of text with one character per byte, as read from the wire. */
export function crc32Text(text: string): number {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at++) {
    crc = table[(crc ^ text.charCodeAt(at)) & 255] ^ crc >>> 8;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

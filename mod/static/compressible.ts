/** Which files are compressed on their way to clients. */

/** Text, code and the formats that are not compressed themselves. */
const compressibleTypes =
  /^(?:text\/|application\/(?:json|javascript|xml|x-javascript|wasm|manifest|vnd\.ms-fontobject|[\w.+-]+\+(?:json|xml))|image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)|font\/(?:ttf|otf|collection))/i;

/** A smaller file fits into one packet anyway, and its compressed form may be larger. */
const bytesMin = 256;
/**
 * A larger file is sent as it is: compressing it takes a second of a CPU. Such files are compressed
 * when they are built, into siblings.
 */
export const compressedBytesMax = 8 << 20;

/** Whether a file of this type and size is worth it. */
export function isCompressible(type: string, size: number): boolean {
  return size >= bytesMin && size <= compressedBytesMax && compressibleTypes.test(type);
}

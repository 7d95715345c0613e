/** Zstandard, for what this program has packed itself: a typed view of node:zlib. */
import { zstdDecompressSync } from "node:zlib";

/** The whole at once. `bytesMax`: at least how many come out, which saves joining pieces. */
export function decompressZstd(bytes: Uint8Array, bytesMax: number): Uint8Array {
  return zstdDecompressSync(bytes, { chunkSize: bytesMax });
}

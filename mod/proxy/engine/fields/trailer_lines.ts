/** Trailer fields on their way through the proxy. */
import { latin1Bytes, type TrailerField } from "../../../http/mod.ts";

/** The field lines, `name: value CRLF` each; null for none. */
export function trailerLines(trailers: readonly TrailerField[]): Uint8Array | null {
  if (trailers.length === 0) return null;
  return latin1Bytes(trailers.map(({ name, value }) => `${name}: ${value}\r\n`).join(""));
}

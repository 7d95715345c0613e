/** Many peers and many hosts, for the curves of growth. */
import type { Place } from "../comparison.ts";

/**
 * `count` peers as HOST:PORT: one server that listens on every address, under a loopback address for
 * each, so that a connection for one cannot be used for another.
 */
export function peersOf({ upstream }: Place, count: number): string[] {
  if (upstream?.kind !== "tcp") throw new TypeError("Cannot have several peers on a unix socket");
  const { port } = upstream;
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    return `127.0.${number >> 8}.${number & 255}:${port}`;
  });
}

/** What varied_requests.lua and .js call the host of this number. */
export function hostName(index: number): string {
  return `host${index}.example`;
}

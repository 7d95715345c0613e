/** Balancers that hash the client's address or a key: `ip_hash` and `hash` (nginx). */
import { type Balancer, type Choice, isCandidate, missesMax } from "./balancer.ts";
import { Candidates } from "./candidates.ts";
import { crc32, crc32Text } from "./crc32.ts";
import { type Peer, weightChanges } from "./peer.ts";
import { evenLoad } from "./round_robin.ts";
import { WeightShares } from "./weight_shares.ts";

/** Hashes the first three bytes of an IPv4 address, or all of an IPv6 address. */
export class IpHash implements Balancer {
  readonly #fallback = new Candidates(evenLoad);
  readonly #shares = new WeightShares();

  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    const { address } = choice;
    if (address.length === 0 || peers.length === 0) return this.#fallback.choose(peers, choice);
    const length = address.length === 4 ? 3 : address.length;
    const shares = this.#shares;
    shares.refresh(peers);
    let hash = 89;
    for (let misses = 0; misses <= missesMax; misses++) {
      for (let i = 0; i < length; i++) hash = (hash * 113 + address[i]) % 6271;
      const peer = shares.at(hash % shares.total);
      if (isCandidate(peer, choice)) return peer;
    }
    return this.#fallback.choose(peers, choice);
  }
}

/** The hash of Cache::Memcached: `((crc32([REHASH] KEY) >> 16) & 0x7fff) + PREVIOUS`. */
export class KeyHash implements Balancer {
  readonly #fallback = new Candidates(evenLoad);
  readonly #shares = new WeightShares();

  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    if (choice.key === "" || peers.length === 0) return this.#fallback.choose(peers, choice);
    const shares = this.#shares;
    shares.refresh(peers);
    let hash = 0;
    for (let rehash = 0; rehash <= missesMax; rehash++) {
      const text = rehash === 0 ? choice.key : `${rehash}${choice.key}`;
      hash += crc32Text(text) >>> 16 & 0x7fff;
      const peer = shares.at(hash % shares.total);
      if (isCandidate(peer, choice)) return peer;
    }
    return this.#fallback.choose(peers, choice);
  }
}

/** Points on the ring for each unit of weight. */
const pointsPerWeight = 160;

/**
 * Consistent hashing (ketama), with the points that nginx and Cache::Memcached::Fast compute:
 * removing a peer moves only its own keys.
 */
export class ConsistentHash implements Balancer {
  readonly #fallback = new Candidates(evenLoad);
  #peers: readonly Peer[] = [];
  #changes = -1;
  #points = new Uint32Array(0);
  #owners: Peer[] = [];

  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    if (choice.key === "" || peers.length === 0) return this.#fallback.choose(peers, choice);
    this.#refresh(peers);
    const count = this.#points.length;
    let at = this.#find(crc32Text(choice.key));
    for (let misses = 0; misses <= missesMax; misses++, at++) {
      const peer = this.#owners[at % count];
      if (isCandidate(peer, choice)) return peer;
    }
    return this.#fallback.choose(peers, choice);
  }

  /** Index of the first point at or after `hash`; the number of points means the first one. */
  #find(hash: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#points[middle] < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes the ring again when a peer was added, removed or has changed its weight. */
  #refresh(peers: readonly Peer[]): void {
    const changes = weightChanges();
    if (peers === this.#peers && changes === this.#changes) return;
    this.#peers = peers;
    this.#changes = changes;
    const ring = peers.flatMap((peer) =>
      ketamaPoints(peer.name, peer.weight).map((point) => ({ point, peer }))
    );
    ring.sort((a, b) => a.point - b.point);
    const unique = ring.filter((entry, index) =>
      index === 0 || entry.point !== ring[index - 1].point
    );
    this.#points = Uint32Array.from(unique, (entry) => entry.point);
    this.#owners = unique.map((entry) => entry.peer);
  }
}

/** The points of a server name: crc32 over HOST NUL PORT and the previous point, little-endian. */
export function ketamaPoints(name: string, weight: number): number[] {
  const match = /^(.*?)(?::([0-9]*))?$/.exec(name.replace(/^unix:/i, ""));
  const isUnix = /^unix:/i.test(name);
  const host = isUnix ? name.slice(5) : match?.[1] ?? name;
  const port = isUnix ? "" : match?.[2] ?? "";
  const bytes = new TextEncoder().encode(`${host}\0${port}\0\0\0\0`);
  const previousAt = bytes.length - 4;
  const points: number[] = [];
  let previous = 0;
  for (let i = 0; i < weight * pointsPerWeight; i++) {
    for (let byte = 0; byte < 4; byte++) bytes[previousAt + byte] = previous >>> (8 * byte) & 255;
    previous = crc32(bytes, 0, bytes.length);
    points.push(previous);
  }
  return points;
}

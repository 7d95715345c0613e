import { KnownBytes } from "../../../http/known_bytes.ts";
import type { RequestHead } from "../../../http/mod.ts";
import type { DownstreamConnection } from "../../../conn/exchange/exchange.ts";
import type { Identity } from "../../../tls/server_context.ts";
import { findByName } from "../../../tls/name_match.ts";

/** Longer host names are looked up each time. */
const rememberedBytesMax = 256;

/** What a listener proves to clients, and asks of them. */
export interface ListenerTrust {
  /** Its own identity first. */
  readonly identities: readonly Identity[];
  /** File of the CAs of client certificates; null: clients need none. */
  readonly clientCaFile: string | null;
  /** Names of the hosts that it serves. */
  readonly hosts: readonly string[];
}

/**
 * Decides when a request is on the wrong connection: its host has another certificate, or asks for
 * client certificates of another CA, than the connection. Clients share connections between hosts (RFC
 * 9113 9.1.1), and get 421 then (RFC 9110 15.5.20). A host of other listeners alone counts, too: what
 * those ask of clients must not be avoided by asking here.
 */
export class CertificateGuard {
  /** What was negotiated, by the name that the client asked for (SNI). */
  readonly #byServerName: ReadonlyMap<string, string>;
  readonly #own: string;
  /** What a host has on each listener that serves it; a host without an entry takes any. */
  readonly #byHost = new Map<string, readonly string[]>();

  private constructor(listener: ListenerTrust, others: readonly ListenerTrust[]) {
    this.#own = keyOf(listener, listener.identities[0]);
    this.#byServerName = keysByName(listener);
    for (const other of others) {
      const keys = keysByName(other);
      for (const host of other.hosts) {
        const key = findByName(keys, host) ?? keyOf(other, other.identities[0]);
        this.#byHost.set(host, [...(this.#byHost.get(host) ?? []), key]);
      }
    }
    // Here they have what is presented here, whatever they have elsewhere.
    for (const host of listener.hosts) {
      const key = findByName(this.#byServerName, host) ?? this.#own;
      this.#byHost.set(host, [key]);
    }
    for (const [name, key] of this.#byServerName) this.#byHost.set(name, [key]);
  }

  /** null where every host has the same. `others`: the other listeners with TLS. */
  static of(
    listener: ListenerTrust,
    others: readonly ListenerTrust[] = [],
  ): CertificateGuard | null {
    const guard = new CertificateGuard(listener, others);
    const isSame = [...guard.#byHost.values()].every((keys) => keys.includes(guard.#own));
    return isSame ? null : guard;
  }

  /** What a client gets that asks for this name; "" for none. */
  presented(serverName: string): string {
    return findByName(this.#byServerName, serverName) ?? this.#own;
  }

  /** Whether requests for the host belong to connections with this certificate and CA. */
  allows(host: string, presented: string): boolean {
    const keys = findByName(this.#byHost, host);
    return keys === undefined ? presented === this.#own : keys.includes(presented);
  }
}

function keysByName(listener: ListenerTrust): Map<string, string> {
  const keys = new Map<string, string>();
  for (const identity of listener.identities.slice(1)) {
    for (const name of identity.names ?? []) keys.set(name, keyOf(listener, identity));
  }
  return keys;
}

function keyOf({ clientCaFile }: ListenerTrust, { certificates }: Identity): string {
  return JSON.stringify([clientCaFile, certificates]);
}

/** What is known of one connection; the last host that was allowed is recognised by its bytes. */
export class CertificateChoice {
  readonly #guard: CertificateGuard;
  readonly #presented: string;
  readonly #allowed = new KnownBytes(rememberedBytesMax);

  constructor(guard: CertificateGuard, connection: DownstreamConnection) {
    this.#guard = guard;
    this.#presented = guard.presented(connection.tlsFacts()?.serverName ?? "");
  }

  /** Whether the request belongs to another connection. */
  isMisdirected(head: RequestHead): boolean {
    if (head.hostStart < 0) return false;
    const { bytes, hostStart, hostEnd } = head;
    if (this.#allowed.equals(bytes, hostStart, hostEnd)) return false;
    const name = head.hostText().replace(/:\d*$/, "");
    if (!this.#guard.allows(name, this.#presented)) return true;
    if (hostEnd - hostStart <= rememberedBytesMax) {
      this.#allowed.remember(bytes, hostStart, hostEnd);
    }
    return false;
  }
}

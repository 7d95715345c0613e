import { KnownBytes } from "../../../http/known_bytes.ts";
import type { RequestHead } from "../../../http/mod.ts";
import type { DownstreamConnection } from "../../../conn/exchange/exchange.ts";
import type { Identity } from "../../../tls/server_context.ts";
import { findByName } from "../../../tls/name_match.ts";

/** Longer host names are looked up each time. */
const rememberedBytesMax = 256;

/**
 * Decides when a request is on the wrong connection: its host has another certificate than the one that
 * the client asked for by name (SNI). Clients share connections between hosts (RFC 9113 9.1.1), and
 * get 421 then (RFC 9110 15.5.20).
 */
export class CertificateGuard {
  /** Certificate files by host name; hosts without an entry have the listener's own. */
  readonly #byName = new Map<string, string>();
  readonly #own: string;

  /** `identities`: of the listener, its own first. */
  constructor(identities: readonly Identity[]) {
    const [own, ...others] = identities;
    this.#own = filesOf(own);
    for (const identity of others) {
      for (const name of identity.names ?? []) this.#byName.set(name, filesOf(identity));
    }
  }

  /** null where all hosts have the same certificate. */
  static of(identities: readonly Identity[]): CertificateGuard | null {
    return identities.every((one) => filesOf(one) === filesOf(identities[0]))
      ? null
      : new CertificateGuard(identities);
  }

  /** The certificate of a name. */
  certificateOf(name: string): string {
    return findByName(this.#byName, name) ?? this.#own;
  }
}

function filesOf(identity: Identity): string {
  return JSON.stringify(identity.certificates);
}

/** What is known of one connection; the last host that was allowed is recognised by its bytes. */
export class CertificateChoice {
  readonly #guard: CertificateGuard;
  /** null: the client named no server, and takes any certificate. */
  readonly #certificate: string | null;
  readonly #allowed = new KnownBytes(rememberedBytesMax);

  constructor(guard: CertificateGuard, connection: DownstreamConnection) {
    this.#guard = guard;
    const name = connection.tlsFacts()?.serverName ?? "";
    this.#certificate = name === "" ? null : guard.certificateOf(name);
  }

  /** Whether the request belongs to another connection. */
  isMisdirected(head: RequestHead): boolean {
    if (this.#certificate === null || head.hostStart < 0) return false;
    const { bytes, hostStart, hostEnd } = head;
    if (this.#allowed.equals(bytes, hostStart, hostEnd)) return false;
    const name = head.hostText().replace(/:\d*$/, "");
    if (this.#guard.certificateOf(name) !== this.#certificate) return true;
    if (hostEnd - hostStart <= rememberedBytesMax) {
      this.#allowed.remember(bytes, hostStart, hostEnd);
    }
    return false;
  }
}

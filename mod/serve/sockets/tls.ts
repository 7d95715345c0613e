/** TLS of `serve`: its own certificate on every socket, or the supervisor's on those that it names. */
import { PendingTokens } from "../../acme/pending_tokens.ts";
import type { Logger } from "../../log/mod.ts";
import type { AcceptHandler, Reactor } from "../../net/reactor.ts";
import { dropVariable, getVariable } from "../../process/environment.ts";
import { readAppliance, readTicketSeed, tlsVariables } from "../../tls/appliance.ts";
import { SecuredListeners } from "../../tls/secured_listeners.ts";
import { ServerContext, type ServerContextOptions } from "../../tls/server_context.ts";
import type { ServePlan, TlsPlan } from "../plan/plan.ts";

/** Throws StartError with the path of an unusable file. */
export function checkCertificate(tls: TlsPlan): void {
  new ServerContext(contextOptions(tls, true)).free();
}

function contextOptions(tls: TlsPlan, http2: boolean): ServerContextOptions {
  return { identities: [{ certificates: [tls] }], withoutHttp2: !http2 };
}

export class ServeTls {
  readonly #listeners: SecuredListeners;
  readonly #tls: TlsPlan | null;
  readonly #http2: boolean;

  constructor({ listen, http }: ServePlan, reactor: Reactor, log: Logger) {
    this.#tls = listen.tls;
    this.#http2 = http.http2;
    const warn = (line: string) => log.warn(line);
    const inherited = readAppliance(getVariable, warn);
    const seed = inherited === null ? readTicketSeed(getVariable, warn) : inherited.ticketSeed;
    // Children of the app must not get the secret.
    if (listen.tls !== null) dropVariable(tlsVariables.ticketSeed);
    this.#listeners = new SecuredListeners(reactor, log, inherited, undefined, seed);
  }

  /** Challenges of a CA that are answered over HTTP; null: none. */
  get pendingTokens(): PendingTokens | null {
    return PendingTokens.in(this.#listeners.inherited?.challengeFolder ?? null);
  }

  /** Whether clients of the socket speak TLS; null: a socket without a name. */
  isSecure(socketName: string | null): boolean {
    if (this.#tls !== null) return true;
    return socketName !== null && this.#listeners.isSecure(socketName);
  }

  /** Wraps `onAccept` where the socket's clients speak TLS. Throws StartError. */
  wrap(socketName: string | null, onAccept: AcceptHandler): AcceptHandler {
    if (this.#tls !== null) {
      return this.#listeners.secure(contextOptions(this.#tls, this.#http2), onAccept);
    }
    if (socketName === null) return onAccept;
    return this.#listeners.secureInherited(socketName, onAccept, undefined, !this.#http2);
  }

  /** Resolves when no handshake is in progress. */
  async settled(): Promise<void> {
    await this.#listeners.settled();
  }

  close(): void {
    this.#listeners.close();
  }
}

/** TLS of a worker's sockets, as the process says that has set it up. */
import { PendingTokens } from "../../acme/pending_tokens.ts";
import type { Logger } from "../../log/mod.ts";
import type { AcceptHandler, Reactor } from "../../net/reactor.ts";
import { dropVariable, getVariable, type Variables } from "../../process/environment.ts";
import { type InheritedTls, readAppliance, tlsVariables } from "../../tls/appliance.ts";
import { SecuredListeners } from "../../tls/secured_listeners.ts";

/**
 * The TLS of this process: `own`, or else that of its parent. Removes the secrets from the environment,
 * which children of the app would get. null: no socket speaks TLS.
 */
export function takeTls(own: Variables, log: Logger): InheritedTls | null {
  const tls = readAppliance((name) => own[name] ?? getVariable(name), (line) => log.warn(line));
  for (const name of [tlsVariables.ticketSeed, tlsVariables.selfSigned]) dropVariable(name);
  return tls;
}

export class ServeTls {
  readonly #listeners: SecuredListeners;
  readonly #http2: boolean;

  constructor(tls: InheritedTls | null, http2: boolean, reactor: Reactor, log: Logger) {
    this.#http2 = http2;
    this.#listeners = new SecuredListeners(reactor, log, tls);
  }

  /** Challenges of a CA that are answered over HTTP; null: none. */
  get pendingTokens(): PendingTokens | null {
    return PendingTokens.in(this.#listeners.inherited?.challengeFolder ?? null);
  }

  /** Wraps `onAccept` where the socket's clients speak TLS. Throws StartError. */
  wrap(socketName: string, onAccept: AcceptHandler): AcceptHandler {
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

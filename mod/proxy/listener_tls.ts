/** TLS in front of the proxy's listeners. */
import { formatAddress } from "../base/address.ts";
import type { Logger } from "../log/mod.ts";
import type { AcceptHandler, Reactor } from "../net/reactor.ts";
import type { InheritedTls } from "../tls/appliance.ts";
import { ContextKeeper } from "../tls/context_keeper.ts";
import { secureAccept } from "../tls/secure_accept.ts";
import type { ServerContextOptions } from "../tls/server_context.ts";
import type { ListenPlan } from "./plan.ts";

export class ListenerTls {
  readonly #keepers: ContextKeeper[] = [];

  constructor(
    readonly reactor: Reactor,
    readonly logger: Logger,
    readonly inherited: InheritedTls | null,
    readonly handshakeTimeoutMs: number,
  ) {}

  /**
   * What a listener speaks: its own `ssl`, else the supervisor's wish for a socket that the config
   * file says nothing about. null: plain HTTP.
   */
  optionsFor(listen: ListenPlan | null, socketName: string | null): ServerContextOptions | null {
    if (listen !== null) return listen.tls === null ? null : contextOptions(listen);
    const { inherited } = this;
    if (inherited === null || socketName === null || !inherited.sockets.has(socketName)) {
      return null;
    }
    return { identities: [inherited.identity] };
  }

  /** Throws `StartError` with the path of a file that cannot be used. */
  secure(options: ServerContextOptions, onAccept: AcceptHandler): AcceptHandler {
    const { reactor, logger } = this;
    const keeper = new ContextKeeper(options, this.inherited?.ticketSeed ?? null, {
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
      nowEpochSeconds: () => Date.now() / 1000,
      report: (line) => logger.warn(line),
    });
    this.#keepers.push(keeper);
    return secureAccept({
      wheel: reactor.wheel,
      now: () => reactor.nowMs,
      context: () => keeper.pointer,
      handshakeTimeoutMs: this.handshakeTimeoutMs,
      onFailure: (socket, phrase) =>
        logger.info(`TLS handshake with ${formatAddress(socket.peerAddress())} failed: ${phrase}`),
    }, onAccept);
  }

  /** Looks at certificate files no more. */
  close(): void {
    for (const keeper of this.#keepers) keeper.close();
  }
}

function contextOptions({ tls, certificatesByHost }: ListenPlan): ServerContextOptions {
  const plan = tls!;
  const optional = {
    minimumVersion: plan.minimumVersion,
    maximumVersion: plan.maximumVersion,
    cipherSuite: plan.cipherSuite,
    cipherSuiteTls13: plan.cipherSuiteTls13,
    clientCaFile: plan.clientCaFile,
  };
  return {
    identities: [{ certificates: plan.certificates }, ...certificatesByHost],
    preferServerCiphers: plan.preferServerCiphers,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== null)),
  };
}

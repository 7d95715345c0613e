/** Outgoing TLS connections. */
import type { Address } from "../base/address.ts";
import type { ConnectOptions, Reactor, Socket, SocketHandler } from "../net/reactor.ts";
import type { ClientContext } from "./client_context.ts";
import { TlsSocket } from "./tls_socket.ts";

export interface SecureConnectOptions extends ConnectOptions {
  /** Name for SNI and for the verification of the certificate. */
  readonly serverName: string;
  /** Resume the last session if there is one. Default true. */
  readonly resume?: boolean;
  /** Plain text sent before the handshake; called when the connection is established. */
  readonly preface?: (inner: Socket) => Uint8Array;
  /** Called before the handshake, when the transport is connected. */
  readonly onConnected?: (socket: TlsSocket) => void;
  /** Called after the handshake, before `onOpen`. */
  readonly onReady?: (socket: TlsSocket) => void;
}

/**
 * Like `reactor.connect`; `onOpen` is called after the handshake. A refused certificate is reported
 * by `onClose` with code `ETLS` and the reason.
 */
export function connectSecure(
  reactor: Pick<Reactor, "connect">,
  address: Address,
  handler: SocketHandler,
  context: ClientContext,
  options: SecureConnectOptions,
): TlsSocket {
  // The inner socket needs a handler before the TLS socket, which becomes its handler, exists.
  const inner = reactor.connect(address, handler, options);
  const resume = options.resume ?? true;
  const secure = new TlsSocket(inner, context.pointer, handler, {
    isServer: false,
    ...(resume ? { onOver: ({ ssl }) => context.remember(ssl, options.serverName) } : {}),
    ...(options.preface === undefined ? {} : { preface: options.preface }),
    ...(options.onConnected === undefined ? {} : { onConnected: options.onConnected }),
    ...(options.onReady === undefined ? {} : { onReady: options.onReady }),
  });
  context.prepare(secure.ssl, options.serverName, resume);
  return secure;
}

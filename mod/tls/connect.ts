/** Outgoing TLS connections. */
import type { Address } from "../base/address.ts";
import type { ConnectOptions, Reactor, Socket, SocketHandler } from "../net/reactor.ts";
import type { ClientContext } from "./client_context.ts";
import { TlsSocket } from "./tls_socket.ts";

export interface SecureConnectOptions extends ConnectOptions {
  /** The name to ask for (SNI) and to find in the certificate. */
  readonly serverName: string;
  /** Resume the last session when there is one. Default true. */
  readonly resume?: boolean;
  /** What goes out in plain text ahead of the handshake; asked for when the connection stands. */
  readonly preface?: (inner: Socket) => Uint8Array;
  /** The handshake is done; before `onOpen`. */
  readonly onReady?: (socket: TlsSocket) => void;
}

/**
 * Like `reactor.connect`; `onOpen` comes after the handshake. A certificate that is refused ends in
 * `onClose` with code `ETLS` and the reason.
 */
export function connectSecure(
  reactor: Reactor,
  address: Address,
  handler: SocketHandler,
  context: ClientContext,
  options: SecureConnectOptions,
): TlsSocket {
  // The inner socket needs a handler before the TLS socket, which becomes it, can exist.
  const inner = reactor.connect(address, handler, options);
  const resume = options.resume ?? true;
  const secure = new TlsSocket(inner, context.pointer, handler, {
    isServer: false,
    ...(resume ? { onOver: ({ ssl }) => context.remember(ssl, options.serverName) } : {}),
    ...(options.preface === undefined ? {} : { preface: options.preface }),
    ...(options.onReady === undefined ? {} : { onReady: options.onReady }),
  });
  context.prepare(secure.ssl, options.serverName, resume);
  return secure;
}

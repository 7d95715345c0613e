/** TLS to upstreams: one TLS context per set of trust settings. */
import type { Reactor, Socket, SocketHandler } from "../net/reactor.ts";
import { type Address } from "../base/address.ts";
import { ClientContext } from "./client_context.ts";
import { connectSecure } from "./connect.ts";
import { digestOf } from "./file_digest.ts";

/** The settings that decide which certificates are trusted. */
export interface TrustSettings {
  readonly tlsVerify: boolean;
  /** Replaces the system's CAs; null: these are used. */
  readonly tlsCaFile: string | null;
}

const contexts = new Map<string, ClientContext>();

/**
 * The TLS context for these settings and the current content of the CA file, which offers `protocols`;
 * shared by all plans of the process with the same trust. It caches TLS sessions, and a resumed session
 * checks no certificate, so a replaced CA file needs a new context. Throws `StartError` for a bad CA
 * file.
 */
export function upstreamContext(
  { tlsVerify, tlsCaFile }: TrustSettings,
  protocols: readonly string[] = ["http/1.1"],
): ClientContext {
  const files = tlsVerify && tlsCaFile !== null ? [tlsCaFile] : [];
  const key = digestOf([String(tlsVerify), tlsCaFile ?? "", ...protocols], files).toHex();
  let context = contexts.get(key);
  if (context === undefined) {
    context = new ClientContext({
      verify: tlsVerify,
      protocols,
      ...(tlsCaFile === null ? {} : { caFile: tlsCaFile }),
    });
    contexts.set(key, context);
  }
  return context;
}

/**
 * Connects with TLS. `serverName` is sent as SNI and checked against the certificate; `preface` is
 * sent in plain text before the handshake.
 */
export function connectUpstreamTls(
  reactor: Reactor,
  address: Address,
  handler: SocketHandler,
  context: ClientContext,
  serverName: string,
  preface: Uint8Array | ((inner: Socket) => Uint8Array) | null = null,
): Socket {
  const make = typeof preface === "function" ? preface : () => preface!;
  const options = preface === null ? { serverName } : { serverName, preface: make };
  return connectSecure(reactor, address, handler, context, options);
}

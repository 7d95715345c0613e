/** TLS towards upstreams: one client context for each way of trusting. */
import type { Reactor, Socket, SocketHandler } from "../../../net/reactor.ts";
import { type Address } from "../../../base/address.ts";
import { ClientContext } from "../../../tls/client_context.ts";
import { connectSecure } from "../../../tls/connect.ts";
import { digestOf } from "../../../tls/file_digest.ts";
import type { ProxySettings } from "../../plan.ts";

/** The settings that decide whom we trust. */
export type TrustSettings = Pick<ProxySettings, "tlsVerify" | "tlsCaFile">;

const contexts = new Map<string, ClientContext>();

/**
 * The context for these settings, and for what stands in the cafile now: one for all plans of the
 * process that trust the same. Sessions are kept in it, and a resumed one checks no certificate, so a
 * replaced cafile needs another. Throws `StartError` for a bad cafile.
 */
export function upstreamContext({ tlsVerify, tlsCaFile }: TrustSettings): ClientContext {
  const files = tlsVerify && tlsCaFile !== null ? [tlsCaFile] : [];
  const key = digestOf([String(tlsVerify), tlsCaFile ?? ""], files).toHex();
  let context = contexts.get(key);
  if (context === undefined) {
    context = new ClientContext({
      verify: tlsVerify,
      ...(tlsCaFile === null ? {} : { caFile: tlsCaFile }),
    });
    contexts.set(key, context);
  }
  return context;
}

/**
 * Connects with TLS; `serverName` is sent as SNI and looked for in the certificate, `preface` in
 * plain text ahead of the handshake.
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

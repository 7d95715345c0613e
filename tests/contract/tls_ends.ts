/** Both ends of TLS connections for the contract suite, with a certificate of their own. */
import type { Address } from "../../mod/base/address.ts";
import type { AcceptHandler, Reactor, SocketHandler } from "../../mod/net/reactor.ts";
import { libssl } from "../../mod/sys/libssl.ts";
import { AlpnSelector } from "../../mod/tls/alpn.ts";
import { ClientContext } from "../../mod/tls/client_context.ts";
import { connectSecure, type SecureConnectOptions } from "../../mod/tls/connect.ts";
import { secureAccept } from "../../mod/tls/secure_accept.ts";
import { writeSelfSigned } from "../../mod/tls/self_signed.ts";
import type { TlsSocket } from "../../mod/tls/tls_socket.ts";
import {
  type CertificateFiles,
  ServerContext,
  type ServerContextOptions,
} from "../../mod/tls/server_context.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();
AlpnSelector.shared(true);

let folder: string | null = null;
let count = 0;

/** Makes a self-signed certificate for `names`. */
export function certificateFor(...names: string[]): CertificateFiles {
  if (folder === null) {
    folder = Deno.makeTempDirSync({ prefix: "hayate-tls-" });
    globalThis.addEventListener("unload", () => Deno.removeSync(folder!, { recursive: true }));
  }
  const files = {
    certificateFile: `${folder}/${++count}.crt`,
    keyFile: `${folder}/${count}.key`,
  };
  writeSelfSigned(names, files.certificateFile, files.keyFile);
  return files;
}

let shared: CertificateFiles | null = null;

export class TlsEnds {
  readonly failures: string[] = [];
  readonly pending = new Set<unknown>();

  constructor(
    readonly reactor: Reactor,
    readonly server: ServerContext,
    readonly client: ClientContext,
  ) {}

  /** Ends that trust each other. */
  static make(reactor: Reactor, options: Partial<ServerContextOptions> = {}): TlsEnds {
    shared ??= certificateFor("localhost", "127.0.0.1");
    const server = new ServerContext({ identities: [{ certificates: [shared] }], ...options });
    return new TlsEnds(reactor, server, new ClientContext({ caFile: shared.certificateFile }));
  }

  close(): void {
    this.server.free();
  }

  accepting(onAccept: AcceptHandler, handshakeTimeoutMs = 10_000): AcceptHandler {
    return secureAccept({
      wheel: this.reactor.wheel,
      now: () => this.reactor.nowMs,
      context: () => this.server.pointer,
      handshakeTimeoutMs,
      pending: this.pending,
      onFailure: (_socket, phrase) => void this.failures.push(phrase),
    }, onAccept);
  }

  connect(
    address: Address,
    handler: SocketHandler,
    options: Partial<SecureConnectOptions> = {},
  ): TlsSocket {
    const full = { serverName: "localhost", ...options };
    return connectSecure(this.reactor, address, handler, this.client, full);
  }
}

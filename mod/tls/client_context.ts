/** The TLS client side, for upstreams and load targets. */
import { StartError } from "../base/errors.ts";
import { parseIp } from "../base/ip.ts";
import { cString, libssl } from "../sys/libssl.ts";
import { withFileIfThere } from "../process/files/readable_file.ts";
import { takeFailure } from "./openssl_error.ts";
import { setVersion } from "./server_context.ts";
import { Ctrl, fileTypePem, Option, sslModes, Verify } from "./ssl_settings.ts";

export interface ClientContextOptions {
  /** False: accept any certificate. Default true. */
  readonly verify?: boolean;
  /** PEM file of trusted CAs; default: the system's. */
  readonly caFile?: string;
  /** Client certificate and key, for servers that request one. */
  readonly certificateFile?: string;
  readonly keyFile?: string;
  readonly minimumVersion?: string;
  /** What ALPN offers, most wanted first; default: `http/1.1` alone. */
  readonly protocols?: readonly string[];
}

/** Trusted CA files of distributions; OpenSSL's own default is tried first. */
const systemCaFiles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
const hostNameType = 0;

export class ClientContext {
  readonly pointer: Deno.PointerObject;
  readonly #verify: boolean;
  /**
   * The last session by server name. A resumed handshake does not verify a certificate, so a session
   * must be used only for the name it was verified for.
   */
  readonly #sessions = new Map<string, Deno.PointerObject>();

  /** Throws `StartError` with the path of an unusable file. */
  constructor(options: ClientContextOptions = {}) {
    const lib = libssl();
    const context = lib.SSL_CTX_new(lib.TLS_client_method());
    if (context === null) throw new StartError(`TLS: ${takeFailure().phrase}`);
    this.pointer = context;
    this.#verify = options.verify ?? true;
    lib.SSL_CTX_ctrl(context, Ctrl.setMode, sslModes, null);
    setVersion(context, Ctrl.setMinVersion, options.minimumVersion ?? "TLSv1.2");
    lib.SSL_CTX_set_options(context, Option.noRenegotiation | Option.ignoreUnexpectedEof);
    const protocols = protocolList(options.protocols ?? ["http/1.1"]);
    lib.SSL_CTX_set_alpn_protos(context, protocols, protocols.length);
    lib.SSL_CTX_set_verify(context, this.#verify ? Verify.peer : Verify.none, null);
    if (this.#verify) loadIssuers(context, options.caFile);
    if (options.certificateFile !== undefined) {
      useOwn(context, options.certificateFile, options.keyFile ?? options.certificateFile);
    }
  }

  /** Prepares a connection: SNI, the name to verify, and a session to resume if there is one. */
  prepare(ssl: Deno.PointerObject, serverName: string, resume: boolean): void {
    const lib = libssl();
    const name = cString(serverName);
    // IP literals are not allowed as server names (RFC 6066 3).
    if (parseIp(serverName) === null) {
      lib.SSL_ctrl(ssl, Ctrl.setServername, hostNameType, name);
    }
    if (this.#verify) lib.SSL_set1_host(ssl, name);
    const session = this.#sessions.get(serverName);
    if (resume && session !== undefined) lib.SSL_set_session(ssl, session);
  }

  /**
   * Keeps the session of a connection about to close, for `prepare`. TLS 1.3 sends its tickets after
   * the handshake.
   */
  remember(ssl: Deno.PointerObject, serverName: string): void {
    const lib = libssl();
    const session = lib.SSL_get1_session(ssl);
    if (session === null) return;
    const former = this.#sessions.get(serverName);
    if (former !== undefined) lib.SSL_SESSION_free(former);
    this.#sessions.set(serverName, session);
  }
}

/** The names in ALPN's form, each after its length (RFC 7301 3.1). */
function protocolList(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  return Uint8Array.from(names.flatMap((name) => [name.length, ...encoder.encode(name)]));
}

function loadIssuers(context: Deno.PointerObject, caFile: string | undefined): void {
  const lib = libssl();
  if (caFile !== undefined) {
    const isUsed = withFileIfThere(
      caFile,
      (path) => lib.SSL_CTX_load_verify_locations(context, cString(path), null) === 1,
    );
    if (isUsed) return;
    throw new StartError(`${caFile}: no usable CA certificate: ${takeFailure().phrase}`);
  }
  lib.SSL_CTX_set_default_verify_paths(context);
  for (const file of systemCaFiles) lib.SSL_CTX_load_verify_locations(context, cString(file), null);
  lib.ERR_clear_error();
}

function useOwn(context: Deno.PointerObject, certificateFile: string, keyFile: string): void {
  const lib = libssl();
  if (lib.SSL_CTX_use_certificate_chain_file(context, cString(certificateFile)) !== 1) {
    throw new StartError(`${certificateFile}: no usable certificate: ${takeFailure().phrase}`);
  }
  if (lib.SSL_CTX_use_PrivateKey_file(context, cString(keyFile), fileTypePem) !== 1) {
    throw new StartError(`${keyFile}: no usable key: ${takeFailure().phrase}`);
  }
}

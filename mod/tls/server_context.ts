/** What a TLS listener is made of: certificates, versions, ciphers, tickets. */
import { StartError } from "../base/errors.ts";
import { cString, libssl } from "../sys/libssl.ts";
import { AlpnSelector } from "./alpn.ts";
import { digestOf } from "./file_digest.ts";
import { NameSelector } from "./name_selector.ts";
import { OcspStapler } from "./ocsp_stapler.ts";
import { takeFailure } from "./openssl_error.ts";
import { Ctrl, fileTypePem, Option, Verify, versions } from "./ssl_settings.ts";

/** A certificate with its key, as PEM files. */
export interface CertificateFiles {
  /** The certificate, then its chain. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Who we are to a client: one certificate per key type (RSA and ECDSA side by side). */
export interface Identity {
  readonly certificates: readonly CertificateFiles[];
  /** An OCSP response in DER, stapled to the certificate. */
  readonly ocspFile?: string;
  /** Names to serve it for, `*.example.com` too; the first identity is the default in any case. */
  readonly names?: readonly string[];
}

/** Options of a listener; h2o's `ssl` block in its own words. */
export interface ServerContextOptions {
  readonly identities: readonly Identity[];
  /** `TLSv1.2` by default. */
  readonly minimumVersion?: string;
  readonly maximumVersion?: string;
  /** OpenSSL's list for TLS 1.2 and below. */
  readonly cipherSuite?: string;
  readonly cipherSuiteTls13?: string;
  readonly preferServerCiphers?: boolean;
  /** Certificates of issuers whose clients are let in; turns mutual TLS on. */
  readonly clientCaFile?: string;
  /** 80 bytes that all workers share, so that a session begun with one resumes with another. */
  readonly ticketKeys?: Uint8Array<ArrayBuffer>;
}

/** Forward secrecy and authenticated encryption only, as "intermediate" profiles recommend. */
const cipherSuiteDefault = "ECDHE+AESGCM:ECDHE+CHACHA20";

/** Tries to read files that are replaced at the very moment. */
const readsMax = 5;

/** An SSL_CTX per identity, and the choice among them by the name that the client asks for. */
export class ServerContext {
  readonly #contexts: Deno.PointerObject[] = [];
  readonly #alpn = AlpnSelector.shared();
  readonly #names = new NameSelector();
  readonly #staplers: OcspStapler[] = [];

  /** Throws `StartError` with the path of what is missing, unreadable, mismatched or expired. */
  constructor(options: ServerContextOptions) {
    if (options.identities.length === 0) throw new StartError("TLS: no certificate is configured");
    try {
      this.#load(options);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Sessions must bear the digest of what was loaded, also when a file is replaced meanwhile. */
  #load(options: ServerContextOptions): void {
    for (let reads = 1;; reads++) {
      const sessionContext = sessionContextOf(options);
      for (const identity of options.identities) this.#add(identity, options, sessionContext);
      const isSame = sessionContextOf(options).every((byte, at) => byte === sessionContext[at]);
      if (isSame) return;
      if (reads === readsMax) throw new StartError("TLS: certificate files change all the time");
      this.#unload();
    }
  }

  /** The default SSL_CTX, for `TlsSocket`. */
  get pointer(): Deno.PointerObject {
    return this.#contexts[0];
  }

  /** Frees the library's memory once the last connection has its own reference (SSL_new takes one). */
  free(): void {
    this.#unload();
    this.#names.close();
  }

  #unload(): void {
    for (const context of this.#contexts.splice(0)) libssl().SSL_CTX_free(context);
    for (const stapler of this.#staplers.splice(0)) stapler.close();
  }

  #add(
    identity: Identity,
    options: ServerContextOptions,
    sessionContext: Uint8Array<ArrayBuffer>,
  ): void {
    const lib = libssl();
    const context = lib.SSL_CTX_new(lib.TLS_server_method());
    if (context === null) throw new StartError(`TLS: ${takeFailure().phrase}`);
    this.#contexts.push(context);
    for (const certificate of identity.certificates) useCertificate(context, certificate);
    applyProtocol(context, options);
    if (options.clientCaFile !== undefined) demandClients(context, options.clientCaFile);
    if (options.ticketKeys !== undefined) {
      lib.SSL_CTX_ctrl(
        context,
        Ctrl.setTicketKeys,
        options.ticketKeys.length,
        options.ticketKeys,
      );
    }
    lib.SSL_CTX_set_session_id_context(context, sessionContext, sessionContext.length);
    this.#alpn.attach(context);
    if (identity.ocspFile !== undefined) {
      const stapler = new OcspStapler(identity.ocspFile);
      this.#staplers.push(stapler);
      stapler.attach(context);
    }
    this.#names.attach(context);
    for (const name of identity.names ?? []) this.#names.add(name, context);
  }
}

/**
 * Sessions are resumed only where the same clients are let in and by the same rules: all listeners
 * of a process, and those before and after a reload, share ticket keys. What stands in the files
 * counts, not their names: a replaced client CA must end the sessions of the old one's clients. As in
 * nginx (ngx_ssl_session_id_context) the server's certificates count, too. One digest for all
 * identities of a listener: OpenSSL looks for the session before it knows the name that is asked for.
 */
function sessionContextOf(options: ServerContextOptions): Uint8Array<ArrayBuffer> {
  const { clientCaFile, identities } = options;
  const words = [
    clientCaFile === undefined ? "any client" : "clients with a certificate",
    options.minimumVersion ?? "",
    options.maximumVersion ?? "",
    options.cipherSuite ?? "",
    options.cipherSuiteTls13 ?? "",
  ];
  const certificates = identities.flatMap((identity) => identity.certificates);
  const files = certificates.map(({ certificateFile }) => certificateFile);
  return digestOf(words, clientCaFile === undefined ? files : [clientCaFile, ...files]);
}

function useCertificate(context: Deno.PointerObject, files: CertificateFiles): void {
  const lib = libssl();
  const { certificateFile, keyFile } = files;
  assertReadable(certificateFile, "certificate");
  assertReadable(keyFile, "key");
  if (lib.SSL_CTX_use_certificate_chain_file(context, cString(certificateFile)) !== 1) {
    throw new StartError(`${certificateFile}: no usable certificate: ${takeFailure().phrase}`);
  }
  assertNotExpired(context, certificateFile);
  if (lib.SSL_CTX_use_PrivateKey_file(context, cString(keyFile), fileTypePem) !== 1) {
    const { phrase } = takeFailure();
    throw new StartError(`${keyFile}: no usable key for ${certificateFile}: ${phrase}`);
  }
  if (lib.SSL_CTX_check_private_key(context) !== 1) {
    throw new StartError(`${keyFile}: does not belong to the certificate ${certificateFile}`);
  }
}

function assertReadable(path: string, what: string): void {
  try {
    Deno.openSync(path).close();
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "no such file"
      : (error as Error).message;
    throw new StartError(`${path}: cannot read the ${what}: ${reason}`, 1, { cause: error });
  }
}

function assertNotExpired(context: Deno.PointerObject, certificateFile: string): void {
  const lib = libssl();
  const certificate = lib.SSL_CTX_get0_certificate(context);
  // X509_cmp_time with NULL compares with now: negative means in the past.
  if (lib.X509_cmp_time(lib.X509_get0_notAfter(certificate), null) < 0) {
    throw new StartError(`${certificateFile}: the certificate has expired`);
  }
}

function applyProtocol(context: Deno.PointerObject, options: ServerContextOptions): void {
  const lib = libssl();
  setVersion(context, Ctrl.setMinVersion, options.minimumVersion ?? "TLSv1.2");
  if (options.maximumVersion) setVersion(context, Ctrl.setMaxVersion, options.maximumVersion);
  const preference = options.preferServerCiphers ?? true ? Option.cipherServerPreference : 0;
  lib.SSL_CTX_set_options(
    context,
    preference | Option.noRenegotiation | Option.noCompression | Option.ignoreUnexpectedEof,
  );
  const suites = options.cipherSuite ?? cipherSuiteDefault;
  if (lib.SSL_CTX_set_cipher_list(context, cString(suites)) !== 1) {
    throw new StartError(`cipher-suite ${suites}: ${takeFailure().phrase}`);
  }
  const modern = options.cipherSuiteTls13;
  if (modern !== undefined && lib.SSL_CTX_set_ciphersuites(context, cString(modern)) !== 1) {
    throw new StartError(`cipher-suite-tls1.3 ${modern}: ${takeFailure().phrase}`);
  }
}

/** Sets a bound of the protocol version; `Ctrl.setMinVersion` or `Ctrl.setMaxVersion`. */
export function setVersion(context: Deno.PointerObject, command: number, name: string): void {
  const version = versions[name];
  if (version === undefined) {
    const allowed = Object.keys(versions).join(", ");
    throw new StartError(`TLS version ${name}: unknown, allowed are ${allowed}`);
  }
  libssl().SSL_CTX_ctrl(context, command, version, null);
}

function demandClients(context: Deno.PointerObject, caFile: string): void {
  const lib = libssl();
  assertReadable(caFile, "client CA");
  if (lib.SSL_CTX_load_verify_locations(context, cString(caFile), null) !== 1) {
    throw new StartError(`${caFile}: no usable CA certificate: ${takeFailure().phrase}`);
  }
  lib.SSL_CTX_set_client_CA_list(context, lib.SSL_load_client_CA_file(cString(caFile)));
  lib.SSL_CTX_set_verify(context, Verify.peer | Verify.failIfNoPeerCert, null);
}

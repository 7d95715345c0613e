/** The TLS context of a listener: certificates, versions, ciphers, tickets. */
import { StartError } from "../base/errors.ts";
import { cString, libssl } from "../sys/libssl.ts";
import { AlpnSelector } from "./alpn.ts";
import { digestOf } from "./file_digest.ts";
import { useDefaultGroups, useGroups } from "./groups.ts";
import { SecretLog } from "./kernel/secret_log.ts";
import { NameSelector } from "./name_selector.ts";
import { OcspStapler } from "./ocsp_stapler.ts";
import { takeFailure } from "./openssl_error.ts";
import { withFile } from "../process/files/readable_file.ts";
import { type SessionRules, sessionsDefault } from "./sessions/session_rules.ts";
import {
  Ctrl,
  fileTypePem,
  noAutoChain,
  Option,
  SessionCache,
  sslModes,
  Verify,
  versions,
} from "./ssl_settings.ts";

/** A certificate with its key, as PEM files. */
export interface CertificateFiles {
  /** The certificate followed by its chain. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** One identity of the server, with one certificate per key type (RSA and ECDSA). */
export interface Identity {
  readonly certificates: readonly CertificateFiles[];
  /** An OCSP response in DER, stapled to the certificate. */
  readonly ocspFile?: string;
  /** Names to use it for, also `*.example.com`. The first identity is always the default. */
  readonly names?: readonly string[];
}

/** Options of a listener: h2o's `ssl` block with its own names. */
export interface ServerContextOptions {
  readonly identities: readonly Identity[];
  /** `TLSv1.2` by default. */
  readonly minimumVersion?: string;
  readonly maximumVersion?: string;
  /** OpenSSL's list for TLS 1.2 and below. */
  readonly cipherSuite?: string;
  readonly cipherSuiteTls13?: string;
  /** Groups of the key exchange by OpenSSL's names, the first preferred; default: the library's curves. */
  readonly groups?: readonly string[];
  readonly preferServerCiphers?: boolean;
  /** CAs of client certificates; enables mutual TLS. */
  readonly clientCaFile?: string;
  /** Folder with `NAME.pem` for pending TLS-ALPN-01 challenges (RFC 8737). */
  readonly challengeFolder?: string;
  /** The kernel may take over the encryption, for which secrets must be known. */
  readonly mayOffload?: boolean;
  /** Do not offer HTTP/2 in ALPN. */
  readonly withoutHttp2?: boolean;
}

/** Forward secrecy and authenticated encryption only, as in "intermediate" profiles. */
const cipherSuiteDefault = "ECDHE+AESGCM:ECDHE+CHACHA20";

/**
 * Tickets after a full handshake of TLS 1.3. OpenSSL's two are for clients that use each ticket once and
 * connect again more often than they are connected; the second costs 17 us of the 260 us of a handshake.
 */
const ticketsEach = 1;

/** Number of attempts to load files that are being replaced. */
const readsMax = 5;

/** An SSL_CTX per identity, selected by the client's server name. */
export class ServerContext {
  readonly #contexts: Deno.PointerObject[] = [];
  readonly #names = new NameSelector();
  readonly #staplers: OcspStapler[] = [];

  readonly #sessions: SessionRules;

  /** Throws `StartError` with the path of a missing, unreadable, mismatched or expired file. */
  constructor(
    options: ServerContextOptions,
    sessions: SessionRules = { plan: sessionsDefault, ring: null },
  ) {
    this.#sessions = sessions;
    if (options.identities.length === 0) throw new StartError("TLS: no certificate is configured");
    try {
      this.#load(options);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Loads until the digest for sessions matches what was loaded, in case a file is replaced. */
  #load(options: ServerContextOptions): void {
    for (let reads = 1;; reads++) {
      const sessionContext = sessionContextOf(options);
      for (const identity of options.identities) this.#add(identity, options, sessionContext);
      const isSame = sessionContextOf(options).every((byte, at) => byte === sessionContext[at]);
      if (isSame) return;
      if (reads === readsMax) throw new StartError("TLS: the certificate files keep changing");
      this.#unload();
    }
  }

  /** The default SSL_CTX, for `TlsSocket`. */
  get pointer(): Deno.PointerObject {
    return this.#contexts[0];
  }

  /** 80 bytes shared by all workers, so that they resume each other's sessions. */
  useTicketKeys(keys: Uint8Array<ArrayBuffer>): void {
    for (const context of this.#contexts) {
      libssl().SSL_CTX_ctrl(context, Ctrl.setTicketKeys, keys.length, keys);
    }
  }

  /** Lines on OCSP responses that do not hold and are not stapled; each is returned once. */
  takeOcspFaults(nowMs: number): readonly string[] {
    return this.#staplers.map((stapler) => stapler.takeFault(nowMs)).filter((line) =>
      line !== null
    );
  }

  /** Releases the contexts. Connections hold references of their own (SSL_new(3)). */
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
    lib.SSL_CTX_ctrl(context, Ctrl.setMode, sslModes | noAutoChain, null);
    for (const certificate of identity.certificates) useCertificate(context, certificate);
    applyProtocol(context, options);
    if (options.clientCaFile !== undefined) demandClients(context, options.clientCaFile);
    lib.SSL_CTX_set_session_id_context(context, sessionContext, sessionContext.length);
    applySessions(context, this.#sessions);
    if (options.mayOffload === true) SecretLog.shared().attach(context);
    AlpnSelector.shared(options.withoutHttp2 !== true, options.challengeFolder ?? null)
      .attach(context);
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
 * The session id context, which limits resumption to listeners that accept the same clients by the
 * same rules: all listeners of a process, before and after a reload, share ticket keys. It depends on
 * the content of files, not their names, because replacing a client CA must end the sessions of its
 * clients. As in nginx (ngx_ssl_session_id_context), it includes the server's certificates. All
 * identities of a listener share it, because OpenSSL looks up the session before the server name.
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
  withFile(certificateFile, "certificate", (path) => {
    if (lib.SSL_CTX_use_certificate_chain_file(context, cString(path)) === 1) return;
    throw new StartError(`${certificateFile}: no usable certificate: ${takeFailure().phrase}`);
  });
  assertNotExpired(context, certificateFile);
  withFile(keyFile, "key", (path) => {
    if (lib.SSL_CTX_use_PrivateKey_file(context, cString(path), fileTypePem) === 1) return;
    const { phrase } = takeFailure();
    throw new StartError(`${keyFile}: no usable key for ${certificateFile}: ${phrase}`);
  });
  if (lib.SSL_CTX_check_private_key(context) !== 1) {
    throw new StartError(`${keyFile}: does not belong to the certificate ${certificateFile}`);
  }
}

function assertNotExpired(context: Deno.PointerObject, certificateFile: string): void {
  const lib = libssl();
  const certificate = lib.SSL_CTX_get0_certificate(context);
  // X509_cmp_time(3) with NULL compares with the current time; negative means expired.
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
  if (options.groups === undefined) useDefaultGroups(context);
  else useGroups(context, options.groups);
  const suites = options.cipherSuite ?? cipherSuiteDefault;
  if (lib.SSL_CTX_set_cipher_list(context, cString(suites)) !== 1) {
    throw new StartError(`cipher-suite ${suites}: ${takeFailure().phrase}`);
  }
  const modern = options.cipherSuiteTls13;
  if (modern !== undefined && lib.SSL_CTX_set_ciphersuites(context, cString(modern)) !== 1) {
    throw new StartError(`cipher-suite-tls1.3 ${modern}: ${takeFailure().phrase}`);
  }
}

function applySessions(context: Deno.PointerObject, { plan, ring }: SessionRules): void {
  const lib = libssl();
  const cache = plan.cache ? SessionCache.server : SessionCache.off;
  lib.SSL_CTX_ctrl(context, Ctrl.setSessionCacheMode, cache, null);
  if (!plan.tickets) lib.SSL_CTX_set_options(context, Option.noTicket);
  // TLS 1.3 would issue tickets that name a session of the cache, which holds none.
  const tickets = plan.tickets || plan.cache ? ticketsEach : 0;
  lib.SSL_CTX_set_num_tickets(context, tickets);
  if (plan.lifetimeSeconds !== null) lib.SSL_CTX_set_timeout(context, plan.lifetimeSeconds);
  ring?.attach(context);
}

/** Sets a limit of the protocol version; `Ctrl.setMinVersion` or `Ctrl.setMaxVersion`. */
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
  withFile(caFile, "client CA", (path) => {
    if (lib.SSL_CTX_load_verify_locations(context, cString(path), null) !== 1) {
      throw new StartError(`${caFile}: no usable CA certificate: ${takeFailure().phrase}`);
    }
    lib.SSL_CTX_set_client_CA_list(context, lib.SSL_load_client_CA_file(cString(path)));
  });
  lib.SSL_CTX_set_verify(context, Verify.peer | Verify.failIfNoPeerCert, null);
}

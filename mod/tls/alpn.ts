import { cString, libssl, textAt } from "../sys/libssl.ts";
import { Alpn, fileTypePem } from "./ssl_settings.ts";

const text = new TextEncoder();
const http11 = text.encode("http/1.1");
const http2 = text.encode("h2");
const acmeTls = text.encode("acme-tls/1");

const hostNameType = 0;

/** Number of bytes searched of a client's protocol list. */
const offerBytesMax = 4096;

/**
 * Cipher suites that RFC 9113 9.2.2 does not exclude from HTTP/2, by OpenSSL's names: those of TLS
 * 1.3, and those of TLS 1.2 with an ephemeral key and authenticated encryption.
 */
const http2Ciphers = /^(TLS_|(ECDHE|DHE)-.*(GCM|CCM|CHACHA20))/;

/** Whether HTTP/2 may be used with a cipher suite (RFC 9113 9.2.2). */
export function allowsHttp2(cipherName: string): boolean {
  return http2Ciphers.test(cipherName);
}

const callbackTypes = {
  parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"],
  result: "i32",
} as const;

/**
 * Selects a protocol from a client's list: `h2` where it is allowed, else `http/1.1`. If neither is in
 * the list, the handshake continues without ALPN, as in nginx before 1.21.4, which every HTTP/1.1
 * client supports.
 */
export class AlpnSelector {
  static readonly #shared = new Map<string, AlpnSelector>();
  readonly #callback: Deno.UnsafeCallback<typeof callbackTypes>;

  /**
   * Two per thread and folder of challenges; never freed, because the contexts that use them may live
   * as long.
   */
  static shared(offersHttp2: boolean, challengeFolder: string | null = null): AlpnSelector {
    const key = `${offersHttp2} ${challengeFolder}`;
    let selector = this.#shared.get(key);
    if (selector === undefined) {
      selector = new AlpnSelector(offersHttp2, challengeFolder);
      this.#shared.set(key, selector);
    }
    return selector;
  }

  private constructor(offersHttp2: boolean, challengeFolder: string | null) {
    this.#callback = new Deno.UnsafeCallback(
      callbackTypes,
      (ssl, out, outLength, offered, offeredLength) => {
        const length = Math.min(offeredLength, offerBytesMax);
        const list = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(offered!, length));
        let name = acmeTls;
        let at = challengeFolder === null ? -1 : findProtocol(list, acmeTls);
        if (at >= 0 && !useChallenge(ssl, challengeFolder!)) return Alpn.fatal;
        if (at < 0) at = findProtocol(list, name = http2);
        if (name === http2 && !(offersHttp2 && allowsHttp2(pendingCipher(ssl)))) at = -1;
        if (at < 0) at = findProtocol(list, name = http11);
        if (at < 0) return Alpn.noAck;
        // `*out` points into the client's list, which stays valid while the handshake needs it.
        const address = Deno.UnsafePointer.value(offered) + BigInt(at);
        new DataView(Deno.UnsafePointerView.getArrayBuffer(out!, 8)).setBigUint64(0, address, true);
        new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(outLength!, 1))[0] = name.length;
        return Alpn.ok;
      },
    );
    this.#callback.unref();
  }

  attach(context: Deno.PointerObject): void {
    libssl().SSL_CTX_set_alpn_select_cb(context, this.#callback.pointer, null);
  }
}

/**
 * Uses the certificate of a pending TLS-ALPN-01 challenge (RFC 8737) for this handshake. False: there
 * is none for the client's server name.
 */
function useChallenge(ssl: Deno.PointerValue, folder: string): boolean {
  const lib = libssl();
  const name = textAt(lib.SSL_get_servername(ssl, hostNameType)).toLowerCase();
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name)) return false;
  const file = cString(`${folder}/${name}.pem`);
  const isUsed = lib.SSL_use_certificate_file(ssl, file, fileTypePem) === 1 &&
    lib.SSL_use_PrivateKey_file(ssl, file, fileTypePem) === 1;
  if (!isUsed) lib.ERR_clear_error();
  return isUsed;
}

/** OpenSSL chooses the cipher suite before it calls for the protocol (tls_handle_alpn). */
function pendingCipher(ssl: Deno.PointerValue): string {
  const lib = libssl();
  const cipher = lib.SSL_get_pending_cipher(ssl);
  return cipher === null ? "" : textAt(lib.SSL_CIPHER_get_name(cipher));
}

/** Offset of a name in an ALPN list (RFC 7301 3.1: lengths and names); -1 when it is not there. */
function findProtocol(list: Uint8Array, name: Uint8Array): number {
  for (let at = 0; at < list.length; at += list[at] + 1) {
    if (list[at] !== name.length || at + 1 + name.length > list.length) continue;
    let i = 0;
    while (i < name.length && list[at + 1 + i] === name[i]) i++;
    if (i === name.length) return at + 1;
  }
  return -1;
}

/** The protocol that was selected in a handshake; "" for none. */
export function selectedProtocol(ssl: Deno.PointerObject): string {
  const name = new BigUint64Array(1);
  const length = new Uint32Array(1);
  libssl().SSL_get0_alpn_selected(ssl, name, length);
  if (length[0] === 0) return "";
  const pointer = Deno.UnsafePointer.create(name[0])!;
  return new TextDecoder().decode(Deno.UnsafePointerView.getArrayBuffer(pointer, length[0]));
}

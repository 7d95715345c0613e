import { cString, libssl, textAt } from "../sys/libssl.ts";
import { withFileIfThere } from "../process/files/readable_file.ts";
import { Alpn, fileTypePem } from "./ssl_settings.ts";

/** V8 does not move buffers of this size. */
const fixedBytesMin = 1024;

/** A protocol, as lists and answers have it. */
class Protocol {
  readonly name: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #length: Uint8Array<ArrayBuffer>;
  /** Where the name lies in memory, as C keeps a pointer; null: not asked for yet. */
  #address: Uint8Array<ArrayBuffer> | null = null;

  constructor(name: string) {
    this.name = name;
    this.#bytes = new Uint8Array(fixedBytesMin);
    new TextEncoder().encodeInto(name, this.#bytes);
    this.#length = Uint8Array.of(name.length);
  }

  /** Whether a list has this protocol (RFC 7301 3.1: lengths and names). */
  isIn(list: Uint8Array, end: number): boolean {
    const { length } = this.name;
    for (let at = 0; at < end; at += list[at] + 1) {
      if (list[at] === length && at + length < end && this.#isAt(list, at + 1)) return true;
    }
    return false;
  }

  /** Whether the first `length` bytes are this name. */
  isAlone(bytes: Uint8Array, length: number): boolean {
    return length === this.name.length && this.#isAt(bytes, 0);
  }

  #isAt(list: Uint8Array, at: number): boolean {
    let i = 0;
    while (i < this.name.length && list[at + i] === this.#bytes[i]) i++;
    return i === this.name.length;
  }

  /** Writes what a callback answers; the library copies the name at once. */
  answer(out: Deno.PointerValue, outLength: Deno.PointerValue): number {
    if (this.#address === null) {
      const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.#bytes));
      this.#address = new Uint8Array(new BigUint64Array([address]).buffer);
    }
    const lib = libssl();
    lib.copyTo(out, this.#address, this.#address.length);
    lib.copyTo(outLength, this.#length, this.#length.length);
    return Alpn.ok;
  }
}

const http11 = new Protocol("http/1.1");
const http2 = new Protocol("h2");
const acmeTls = new Protocol("acme-tls/1");

const hostNameType = 0;

/** The part of a client's list that is searched. */
const offer = new Uint8Array(4096);

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
        const length = Math.min(offeredLength, offer.length);
        libssl().copyFrom(offer, offered, length);
        if (challengeFolder !== null && acmeTls.isIn(offer, length)) {
          if (!useChallenge(ssl, challengeFolder)) return Alpn.fatal;
          return acmeTls.answer(out, outLength);
        }
        if (offersHttp2 && http2.isIn(offer, length) && allowsPendingCipher(ssl)) {
          return http2.answer(out, outLength);
        }
        return http11.isIn(offer, length) ? http11.answer(out, outLength) : Alpn.noAck;
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
  const isUsed = withFileIfThere(`${folder}/${name}.pem`, (path) => {
    const file = cString(path);
    return lib.SSL_use_certificate_file(ssl, file, fileTypePem) === 1 &&
      lib.SSL_use_PrivateKey_file(ssl, file, fileTypePem) === 1;
  });
  if (!isUsed) lib.ERR_clear_error();
  return isUsed;
}

const isAllowed = new Map<number, boolean>();

/**
 * Whether HTTP/2 may be used with the cipher suite of a handshake. OpenSSL chooses it before it calls for
 * the protocol (tls_handle_alpn).
 */
function allowsPendingCipher(ssl: Deno.PointerValue): boolean {
  const lib = libssl();
  const cipher = lib.SSL_get_pending_cipher(ssl);
  if (cipher === null) return false;
  const id = lib.SSL_CIPHER_get_id(cipher);
  let allowed = isAllowed.get(id);
  if (allowed === undefined) {
    allowed = allowsHttp2(textAt(lib.SSL_CIPHER_get_name(cipher)));
    isAllowed.set(id, allowed);
  }
  return allowed;
}

const selected = new BigUint64Array(1);
const selectedLength = new Uint32Array(1);
const nameBytes = new Uint8Array(256);

/** The protocol that was selected in a handshake; "" for none. */
export function selectedProtocol(ssl: Deno.PointerObject): string {
  const lib = libssl();
  lib.SSL_get0_alpn_selected(ssl, selected, selectedLength);
  const length = selectedLength[0];
  if (length === 0) return "";
  lib.copyFrom(nameBytes, Deno.UnsafePointer.create(selected[0]), length);
  if (http2.isAlone(nameBytes, length)) return http2.name;
  if (http11.isAlone(nameBytes, length)) return http11.name;
  return new TextDecoder().decode(nameBytes.subarray(0, length));
}

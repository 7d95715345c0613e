/** Encrypts session tickets with the keys of a file that is read again when it changes. */
import { cString, libssl } from "../../sys/libssl.ts";
import { describeStaleMount } from "../../config/default_file.ts";
import { stampOf } from "../../process/files/file_stamp.ts";
import { readTicketFile, type TicketKey, ticketNameBytes } from "./ticket_file.ts";

/** How often the file is checked, in milliseconds; as often as h2o does. */
const checkMs = 10_000;

/** The reactor and log of a ring. */
export interface RingHost {
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  nowEpochSeconds(): number;
  /** Logs one line: keys read again, or why new ones are not used. */
  report(line: string): void;
}

/** Results of the callback of SSL_CTX_set_tlsext_ticket_key_evp_cb(3). */
const Answer = { failed: -1, unknownKey: 0, accepted: 1, acceptedAndRenew: 2 } as const;

const ivBytes = 16;

const callbackTypes = {
  parameters: ["pointer", "pointer", "pointer", "pointer", "pointer", "i32"],
  result: "i32",
} as const;

/** A key with what OpenSSL needs to use it. */
class ReadyKey {
  readonly key: TicketKey;
  readonly cipher: Deno.PointerValue;
  readonly macParams: MacParams;

  constructor(key: TicketKey) {
    this.key = key;
    this.cipher = libssl().EVP_get_cipherbyname(cString(key.cipher));
    this.macParams = new MacParams(key.hash);
  }
}

/** An OSSL_PARAM(3) array that names the hash of an HMAC. */
class MacParams {
  /** Held here because the array has their addresses. */
  readonly #words: readonly Uint8Array<ArrayBuffer>[];
  readonly array: Uint8Array<ArrayBuffer>;

  constructor(hash: string) {
    const utf8String = 4;
    this.#words = [cString("digest"), cString(hash)].map(pinned);
    // key, data_type, data, data_size, return_size in 8 bytes each; an entry of zeros ends the array.
    const array = new BigUint64Array(10);
    array[0] = addressOf(this.#words[0]);
    array[1] = BigInt(utf8String);
    array[2] = addressOf(this.#words[1]);
    array[3] = BigInt(hash.length);
    this.array = new Uint8Array(array.buffer);
  }
}

/** A copy whose memory the garbage collector does not move. */
function pinned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

export class TicketRing {
  readonly file: string;
  readonly host: RingHost;
  /** Newest first. */
  #keys: readonly ReadyKey[];
  /** Encrypts while no key is valid: such a ticket resumes nothing, but a handshake needs one. */
  readonly #spare = new ReadyKey(randomKey());
  #stamp: string;
  #timer: number;
  #isValid = true;
  readonly #callback = new Deno.UnsafeCallback(
    callbackTypes,
    (_ssl, name, iv, cipher, mac, encrypts) =>
      encrypts === 1
        ? this.#encrypt(name!, iv!, cipher, mac)
        : this.#decrypt(name!, iv!, cipher, mac),
  );

  /** Throws `StartError` for an unusable file. */
  constructor(file: string, host: RingHost) {
    this.file = file;
    this.host = host;
    this.#callback.unref();
    this.#stamp = stampOf([file]);
    this.#keys = readTicketFile(file).map((key) => new ReadyKey(key));
    this.#timer = host.setTimer(checkMs, () => this.#refresh());
    this.#checkValid();
    const stale = describeStaleMount(file);
    if (stale !== null) host.report(stale);
  }

  /** Makes an SSL_CTX use the keys of this ring, those of later files included. */
  attach(context: Deno.PointerObject): void {
    libssl().SSL_CTX_set_tlsext_ticket_key_evp_cb(context, this.#callback.pointer);
  }

  /** Call it when no handshake is in progress or will start. */
  close(): void {
    this.host.clearTimer(this.#timer);
    this.#callback.close();
  }

  #refresh(): void {
    this.#timer = this.host.setTimer(checkMs, () => this.#refresh());
    const stamp = stampOf([this.file]);
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      try {
        this.#keys = readTicketFile(this.file).map((key) => new ReadyKey(key));
        this.host.report(`session ticket keys reloaded: ${this.file}`);
      } catch (error) {
        this.host.report(`still using the old session ticket keys: ${(error as Error).message}`);
      }
    }
    this.#checkValid();
  }

  /** Reports once that no key of the file is valid at this time. */
  #checkValid(): void {
    const isValid = this.#currentKey() !== this.#spare;
    if (!isValid && this.#isValid) {
      this.host.report(
        `${this.file}: no session ticket key is valid now; new sessions ` +
          "cannot be resumed",
      );
    }
    this.#isValid = isValid;
  }

  #currentKey(): ReadyKey {
    const now = this.host.nowEpochSeconds();
    for (const ready of this.#keys) {
      if (ready.key.notBefore <= now && now <= ready.key.notAfter) return ready;
    }
    return this.#spare;
  }

  #encrypt(
    name: Deno.PointerObject,
    iv: Deno.PointerObject,
    cipher: Deno.PointerValue,
    mac: Deno.PointerValue,
  ): number {
    const lib = libssl();
    const ready = this.#currentKey();
    const { key } = ready;
    bytesAt(name, ticketNameBytes).set(key.name);
    crypto.getRandomValues(bytesAt(iv, ivBytes));
    if (lib.EVP_EncryptInit_ex(cipher, ready.cipher, null, key.cipherKey, iv) !== 1) {
      return Answer.failed;
    }
    return this.#startMac(ready, mac) ? Answer.accepted : Answer.failed;
  }

  /**
   * Looks for the ticket's key by its name. A key that begins later is accepted, because another host's
   * clock may be ahead; one that has ended is not.
   */
  #decrypt(
    name: Deno.PointerObject,
    iv: Deno.PointerObject,
    cipher: Deno.PointerValue,
    mac: Deno.PointerValue,
  ): number {
    const lib = libssl();
    const wanted = bytesAt(name, ticketNameBytes);
    const now = this.host.nowEpochSeconds();
    for (const ready of this.#keys) {
      const { key } = ready;
      if (!isSame(key.name, wanted)) continue;
      if (now > key.notAfter) break;
      if (lib.EVP_DecryptInit_ex(cipher, ready.cipher, null, key.cipherKey, iv) !== 1) break;
      if (!this.#startMac(ready, mac)) break;
      return ready === this.#currentKey() ? Answer.accepted : Answer.acceptedAndRenew;
    }
    lib.ERR_clear_error();
    return Answer.unknownKey;
  }

  #startMac({ key, macParams }: ReadyKey, mac: Deno.PointerValue): boolean {
    return libssl().EVP_MAC_init(mac, key.hashKey, key.hashKey.length, macParams.array) === 1;
  }
}

function bytesAt(pointer: Deno.PointerObject, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let i = 0;
  while (i < ticketNameBytes && a[i] === b[i]) i++;
  return i === ticketNameBytes;
}

function randomKey(): TicketKey {
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  return {
    name: random(ticketNameBytes),
    cipher: "AES-256-CBC",
    cipherKey: random(32),
    hash: "SHA256",
    hashKey: random(64),
    notBefore: 0,
    notAfter: 0,
  };
}

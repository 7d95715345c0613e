/** The secret of what a server sends in TLS 1.3, which OpenSSL tells only to a key log. */
import { libssl } from "../../sys/libssl.ts";

/** The line of a key log: label, client random and secret, the last two in hexadecimal. */
const label = "SERVER_TRAFFIC_SECRET_0 ";
const secretAt = label.length + 64 + 1;
/** Where the label differs from all others that OpenSSL writes. */
const tellingAt = "SERVER_".length;

const callbackTypes = { parameters: ["pointer", "pointer"], result: "void" } as const;

/** SHA-256 or SHA-384. */
const secretBytes = { short: 32, long: 48 } as const;
const hex = new Uint8Array(2 * secretBytes.long);

/**
 * Keeps the secret of the handshake that is in progress: the callback is called within SSL_do_handshake,
 * and a thread does one at a time.
 */
export class SecretLog {
  static #shared: SecretLog | null = null;
  readonly #callback: Deno.UnsafeCallback<typeof callbackTypes>;
  #secret: Uint8Array<ArrayBuffer> | null = null;

  /** One per thread; never freed, because the contexts that use it may live as long. */
  static shared(): SecretLog {
    return this.#shared ??= new SecretLog();
  }

  private constructor() {
    this.#callback = new Deno.UnsafeCallback(callbackTypes, (_ssl, line) => this.#note(line!));
    this.#callback.unref();
  }

  attach(context: Deno.PointerObject): void {
    libssl().SSL_CTX_set_keylog_callback(context, this.#callback.pointer);
  }

  /** The secret that was logged since the last call; null: none was. */
  take(): Uint8Array<ArrayBuffer> | null {
    const secret = this.#secret;
    this.#secret = null;
    return secret;
  }

  #note(line: Deno.PointerObject): void {
    const view = new Deno.UnsafePointerView(line);
    if (view.getUint8(0) !== label.charCodeAt(0)) return;
    if (view.getUint8(tellingAt) !== label.charCodeAt(tellingAt)) return;
    const isShort = view.getUint8(secretAt + 2 * secretBytes.short) === 0;
    const length = isShort ? secretBytes.short : secretBytes.long;
    view.copyInto(hex.subarray(0, 2 * length), secretAt);
    const secret = new Uint8Array(length);
    for (let i = 0; i < length; i++) secret[i] = digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]);
    hex.fill(0);
    this.#secret = secret;
  }
}

/** The value of a hexadecimal digit in ASCII. */
function digit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x61 + 10;
}

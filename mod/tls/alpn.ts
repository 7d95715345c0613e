import { libssl } from "../sys/libssl.ts";
import { Alpn } from "./ssl_settings.ts";

/** Our only protocol, as ALPN writes it: a length, then the name (RFC 7301 3.1). */
const http11 = Uint8Array.of(8, ...new TextEncoder().encode("http/1.1"));

/** The most that a client may offer, in bytes; longer lists are looked at up to here. */
const offerBytesMax = 4096;

/**
 * Picks `http/1.1` from what a client offers. A client that offers only others goes on without
 * ALPN, as nginx does before 1.21.4 and as every HTTP/1.1 client understands.
 */
export class AlpnSelector {
  static #one: AlpnSelector | null = null;
  readonly #callback: Deno.UnsafeCallback<
    { parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"]; result: "i32" }
  >;

  /** One per thread; it is never freed, as the contexts that use it may live as long. */
  static shared(): AlpnSelector {
    return this.#one ??= new AlpnSelector();
  }

  private constructor() {
    this.#callback = new Deno.UnsafeCallback(
      {
        parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"],
        result: "i32",
      },
      (_ssl, out, outLength, offered, offeredLength) => {
        const length = Math.min(offeredLength, offerBytesMax);
        const list = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(offered!, length));
        const at = findProtocol(list);
        if (at < 0) return Alpn.noAck;
        // `*out` points into the client's list, which outlives the handshake's use of it.
        const address = Deno.UnsafePointer.value(offered) + BigInt(at);
        new DataView(Deno.UnsafePointerView.getArrayBuffer(out!, 8)).setBigUint64(0, address, true);
        new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(outLength!, 1))[0] = http11[0];
        return Alpn.ok;
      },
    );
    this.#callback.unref();
  }

  attach(context: Deno.PointerObject): void {
    libssl().SSL_CTX_set_alpn_select_cb(context, this.#callback.pointer, null);
  }
}

/** Where the name `http/1.1` begins in an ALPN list; -1 when it is not offered. */
function findProtocol(list: Uint8Array): number {
  for (let at = 0; at < list.length; at += list[at] + 1) {
    if (list[at] !== http11[0] || at + http11.length > list.length) continue;
    let i = 1;
    while (i < http11.length && list[at + i] === http11[i]) i++;
    if (i === http11.length) return at + 1;
  }
  return -1;
}

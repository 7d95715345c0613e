import { libssl } from "../sys/libssl.ts";
import { Alpn } from "./ssl_settings.ts";

/** The only protocol supported, in ALPN's form: a length, then the name (RFC 7301 3.1). */
const http11 = Uint8Array.of(8, ...new TextEncoder().encode("http/1.1"));

/** Number of bytes searched of a client's protocol list. */
const offerBytesMax = 4096;

/**
 * Selects `http/1.1` from a client's list. If it is not in the list, the handshake continues without
 * ALPN, as in nginx before 1.21.4, which every HTTP/1.1 client supports.
 */
export class AlpnSelector {
  static #one: AlpnSelector | null = null;
  readonly #callback: Deno.UnsafeCallback<
    { parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"]; result: "i32" }
  >;

  /** One per thread; never freed, because the contexts that use it may live as long. */
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
        // `*out` points into the client's list, which stays valid while the handshake needs it.
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

/** Offset of the name `http/1.1` in an ALPN list; -1 when it is not in the list. */
function findProtocol(list: Uint8Array): number {
  for (let at = 0; at < list.length; at += list[at] + 1) {
    if (list[at] !== http11[0] || at + http11.length > list.length) continue;
    let i = 1;
    while (i < http11.length && list[at + i] === http11[i]) i++;
    if (i === http11.length) return at + 1;
  }
  return -1;
}

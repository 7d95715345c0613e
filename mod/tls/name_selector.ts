import { libssl, textAt } from "../sys/libssl.ts";
import { findByName } from "./name_match.ts";
import { Ctrl } from "./ssl_settings.ts";

const hostNameType = 0;
const ok = 0;

/** Selects an SSL_CTX by the client's server name (SNI, RFC 6066 3). */
export class NameSelector {
  readonly #byName = new Map<string, Deno.PointerObject>();
  readonly #callback = new Deno.UnsafeCallback(
    { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
    (ssl) => this.#choose(ssl),
  );

  constructor() {
    this.#callback.unref();
  }

  /** Adds an exact name, or `*.example.com` for one label below it. */
  add(name: string, context: Deno.PointerObject): void {
    this.#byName.set(name.toLowerCase(), context);
  }

  /** Call it for every context of a listener, because a handshake may start with any of them. */
  attach(context: Deno.PointerObject): void {
    libssl().SSL_CTX_callback_ctrl(context, Ctrl.setServernameCallback, this.#callback.pointer);
  }

  close(): void {
    this.#callback.close();
  }

  #choose(ssl: Deno.PointerValue): number {
    if (this.#byName.size === 0) return ok;
    const name = textAt(libssl().SSL_get_servername(ssl, hostNameType));
    const chosen = findByName(this.#byName, name);
    if (chosen !== undefined) libssl().SSL_set_SSL_CTX(ssl, chosen);
    return ok;
  }
}

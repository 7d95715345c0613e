/** The second argument of handlers: `Deno.ServeHandlerInfo`, and a few things more. */
import type { Address } from "../../base/address.ts";
import type { Call } from "./call.ts";
import { openUpgrade, type Upgrade, type UpgradeOptions } from "./upgrade.ts";

/** As `Deno.serve` spells addresses. */
export type ServedAddress =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

export class ServedInfo {
  readonly #call: Call;
  #remote: ServedAddress | null = null;
  #completed: Promise<void> | null = null;

  constructor(call: Call) {
    this.#call = call;
  }

  /** The client. */
  get remoteAddr(): ServedAddress {
    return this.#remote ??= spell(this.#call.peerAddress());
  }

  /** Our end of the connection. */
  get localAddr(): ServedAddress {
    return spell(this.#call.localAddress());
  }

  /** Resolves when the response has been handed to the system, rejects when the client was gone before. */
  get completed(): Promise<void> {
    if (this.#completed === null) {
      this.#completed = this.#call.completed();
      // Nobody has to listen; without this a client that leaves would be an unhandled rejection.
      this.#completed.catch(() => null);
    }
    return this.#completed;
  }

  /** Trailer fields of the request, once its body has been read to the end; empty before. */
  get trailers(): Headers {
    return new Headers(this.#call.requestTrailers as [string, string][]);
  }

  /** Trailer fields to send behind a streamed body; set them before the stream ends. */
  setTrailers(trailers: HeadersInit): void {
    this.#call.trailers = new Headers(trailers);
  }

  /** Accepts a WebSocket: return `response` from the handler, speak through `socket`. */
  upgrade(options: UpgradeOptions = {}): Upgrade {
    return openUpgrade(this.#call, options);
  }
}

function spell(address: Address | null): ServedAddress {
  if (address === null) return { transport: "tcp", hostname: "", port: 0 };
  return address.kind === "unix"
    ? { transport: "unix", path: address.path }
    : { transport: "tcp", hostname: address.host, port: address.port };
}

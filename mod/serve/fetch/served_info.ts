/** The second argument of handlers: `Deno.ServeHandlerInfo` and some additions. */
import type { Address } from "../../base/address.ts";
import type { Call } from "./call.ts";
import { openUpgrade, type Upgrade, type UpgradeOptions } from "./upgrade.ts";

/** An address as `Deno.serve` represents it. */
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

  /** Address of the client; behind a trusted proxy the one that it has forwarded for. */
  get remoteAddr(): ServedAddress {
    return this.#remote ??= servedAddress(this.#call.client?.address ?? this.#call.peerAddress());
  }

  /** The other end of the connection: the client, or the proxy. */
  get peerAddr(): ServedAddress {
    return servedAddress(this.#call.peerAddress());
  }

  /** What the client has used, as in the URL of the request. */
  get scheme(): "http" | "https" {
    return this.#call.head.scheme;
  }

  /** With its port, as the client has sent it. */
  get host(): string {
    return this.#call.head.host;
  }

  /** Local address of the connection. */
  get localAddr(): ServedAddress {
    return servedAddress(this.#call.localAddress());
  }

  /** Resolves when the response has been written to the socket, rejects when it was cut off. */
  get completed(): Promise<void> {
    if (this.#completed === null) {
      this.#completed = this.#call.completed();
      // Without this, a client that disconnects would cause an unhandled rejection.
      this.#completed.catch(() => null);
    }
    return this.#completed;
  }

  /** Trailer fields of the request, once its body has been read to the end; empty before. */
  get trailers(): Headers {
    return new Headers(this.#call.requestTrailers as [string, string][]);
  }

  /** Trailer fields to send after a streamed body; set them before the stream ends. */
  setTrailers(trailers: HeadersInit): void {
    this.#call.trailers = new Headers(trailers);
  }

  /** Accepts a WebSocket: return `response` from the handler, then use `socket`. */
  upgrade(options: UpgradeOptions = {}): Upgrade {
    return openUpgrade(this.#call, options);
  }
}

function servedAddress(address: Address | null): ServedAddress {
  if (address === null) return { transport: "tcp", hostname: "", port: 0 };
  return address.kind === "unix"
    ? { transport: "unix", path: address.path }
    : { transport: "tcp", hostname: address.host, port: address.port };
}

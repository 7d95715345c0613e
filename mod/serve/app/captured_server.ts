/**
 * Apps that open their own server: `Deno.serve(handler)`, `http.createServer(app).listen(3000)`. They
 * get hayate's listener instead of their own, so that flags, workers, reloads and limits hold.
 */
import type { Fetch } from "../fetch/fetch_handler.ts";
import type { ServedAddress } from "../fetch/served_info.ts";

/** The server that an app has opened, or will. */
export class CapturedServer {
  readonly #opened = Promise.withResolvers<Fetch>();
  #port: number | null = null;
  isOpen = false;

  /** `address`: where hayate listens. `warn` gets one line. */
  constructor(readonly address: ServedAddress, readonly warn: (line: string) => void) {}

  /** Resolves once the app has opened a server. */
  get opened(): Promise<Fetch> {
    return this.#opened.promise;
  }

  /** `port`: what the app has asked for. */
  open(fetch: Fetch, port: number): void {
    if (!this.isOpen) {
      this.isOpen = true;
      this.#port = port;
      return this.#opened.resolve(fetch);
    }
    // A second server at the same port is the same one at another address: fastify's localhost.
    const { address } = this;
    if (port === this.#port || (address.transport === "tcp" && port === address.port)) return;
    this.warn(`the app opens a second server (port ${port}): hayate serves only its first one`);
  }
}

/** `Deno.serve` with its two forms of arguments. */
type ServeArguments = readonly [unknown, unknown?];

/** Makes `Deno.serve` open `captured`. */
export function captureDenoServe(captured: CapturedServer): void {
  const serve = (...[first, second]: ServeArguments) => {
    const options = (typeof first === "function" ? {} : first ?? {}) as {
      handler?: Fetch;
      port?: number;
      onError?: (error: unknown) => Response | Promise<Response>;
    };
    const handler = (typeof first === "function" ? first : second ?? options.handler) as Fetch;
    if (typeof handler !== "function") throw new TypeError("Deno.serve: a handler is required");
    captured.open(withErrors(handler, options.onError), options.port ?? 8000);
    return serverOf(captured.address);
  };
  Object.defineProperty(Deno, "serve", { value: serve, writable: true, configurable: true });
}

function withErrors(
  handler: Fetch,
  onError: ((error: unknown) => Response | Promise<Response>) | undefined,
): Fetch {
  if (onError === undefined) return handler;
  return async (request, info) => {
    try {
      return await handler(request, info);
    } catch (error) {
      return await onError(error);
    }
  };
}

/** What `Deno.serve` returns. The server ends with hayate, at its signals. */
function serverOf(addr: ServedAddress) {
  const finished = new Promise<void>(() => {});
  const shutdown = () => Promise.resolve();
  return { addr, finished, shutdown, ref() {}, unref() {}, [Symbol.asyncDispose]: shutdown };
}

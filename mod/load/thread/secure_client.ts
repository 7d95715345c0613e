/** https: connections of the load generator over TLS. Loaded only when a URL needs it. */
import type { Address } from "../../base/address.ts";
import type { ConnectOptions, Socket, SocketHandler } from "../../net/reactor.ts";
import { ClientContext } from "../../tls/client_context.ts";
import { connectSecure } from "../../tls/connect.ts";
import type { Connector } from "./proxy/tunnel.ts";
import { Slot } from "../stats/thread_stats.ts";
import type { TlsPlan } from "../plan/thread_plan.ts";

export class SecureClient {
  readonly #context: ClientContext;
  readonly #resume: boolean;
  readonly #readClockMs: (() => number) | null;
  readonly #counters: Float64Array;
  readonly #countResumed = (socket: { readonly isResumed: boolean }) => {
    if (socket.isResumed) this.#counters[Slot.tlsResumed]++;
  };

  /** Throws `StartError` when a file cannot be used or libssl is missing. */
  constructor(
    plan: TlsPlan,
    http2: boolean,
    counters: Float64Array,
    /** Tells when transports are connected; null: that is not noted. */
    readClockMs: (() => number) | null,
  ) {
    this.#context = new ClientContext({
      verify: plan.verify,
      // With HTTP/1.1 as the second choice a server says that it lacks HTTP/2, instead of an alert.
      protocols: http2 ? ["h2", "http/1.1"] : ["http/1.1"],
      ...(plan.caFile === null ? {} : { caFile: plan.caFile }),
      ...(plan.certificateFile === null ? {} : { certificateFile: plan.certificateFile }),
      ...(plan.keyFile === null ? {} : { keyFile: plan.keyFile }),
      ...(plan.minimumVersion === null ? {} : { minimumVersion: plan.minimumVersion }),
    });
    this.#resume = plan.resume;
    this.#counters = counters;
    this.#readClockMs = readClockMs;
  }

  connect(
    connector: Connector,
    address: Address,
    handler: SocketHandler & { transportMs: number },
    serverName: string,
    options: ConnectOptions,
  ): Socket {
    const readClockMs = this.#readClockMs;
    const noting = readClockMs === null
      ? {}
      : { onConnected: () => handler.transportMs = readClockMs() };
    return connectSecure(connector, address, handler, this.#context, {
      ...options,
      ...noting,
      serverName,
      resume: this.#resume,
      onReady: this.#countResumed,
    });
  }
}

/** The immutable plan of one run: the user's settings, checked. */
import type { Address } from "../../base/address.ts";
import type { HeaderField } from "../request/request_bytes.ts";
import type { FleetPlan } from "./place.ts";
import type { ProxyPlan } from "./proxy.ts";
import type { Stage } from "./schedule.ts";
import type { Target } from "./target.ts";
import type { EventStreamPlan, TlsPlan } from "./thread_plan.ts";
import type { WebSocketPlan } from "./web_socket.ts";
import type { Threshold } from "./threshold.ts";

export interface LoadPlan {
  /** At least one, unless `urlsFile` is given. */
  readonly targets: readonly Target[];
  readonly urlsFile: string | null;
  readonly urlsRandom: boolean;
  /** A unix socket, instead of every URL's host. */
  readonly unixSocket: string | null;
  readonly connectTo: readonly ConnectTo[];
  /** The HTTP proxy in front of every URL; null: none. */
  readonly proxy: ProxyPlan | null;
  /** A tunnel for http: URLs, too. */
  readonly proxyTunnel: boolean;
  readonly connections: number;
  readonly threads: number;
  /** Infinity: until `requestCount` is reached. */
  readonly durationMs: number;
  /** Infinity: until the duration is over. */
  readonly requestCount: number;
  /** Without the warm-up; null: closed loop. */
  readonly stages: readonly Stage[] | null;
  readonly warmupMs: number;
  /** How long the end waits for the responses to what was sent; 0: it does not. */
  readonly drainMs: number;
  readonly timeoutMs: number;
  readonly method: string;
  readonly headers: readonly HeaderField[];
  readonly body: BodySource | null;
  /** URLs, fields and body have placeholders. */
  readonly template: boolean;
  readonly hostHeader: string | null;
  readonly http10: boolean;
  /** HTTP/2: by ALPN over TLS, by prior knowledge without. */
  readonly http2: boolean;
  /** Requests that an HTTP/2 connection has at once; 1 with HTTP/1.1. */
  readonly streams: number;
  readonly keepalive: boolean;
  readonly requestsPerConnection: number;
  readonly retry: boolean;
  readonly pipeline: number;
  readonly sources: readonly string[];
  readonly tls: TlsPlan;
  /** Server name for SNI and verification; null: the URL's host. */
  readonly serverName: string | null;
  readonly linger0: boolean;
  readonly script: string | null;
  /** The arguments after `--`. */
  readonly scriptArgs: readonly string[];
  /** An access log whose requests are sent, and how much faster than logged; null: none. */
  readonly replay: { readonly path: string; readonly speed: number } | null;
  /** --sse; null: responses are no event streams. */
  readonly eventStreams: EventStreamPlan | null;
  /** URLs are ws or wss; null: they are http or https. */
  readonly webSocket: WebSocketPlan | null;
  readonly repeat: number;
  /** Milliseconds since the epoch; null: at once. */
  readonly startAtMs: number | null;
  readonly thresholds: readonly Threshold[];
  /** null: the rate is given, or it is a closed loop. */
  readonly search: SearchPlan | null;
  /** The machines to spread the run over; null: this one. */
  readonly fleet: FleetPlan | null;
  readonly output: OutputPlan;
}

/** What --find-rate looks for. */
export interface SearchPlan {
  /** All of them hold at the rate that is found. */
  readonly conditions: readonly Threshold[];
  /** The lowest and the highest rate to try, in requests a second. */
  readonly from: number;
  readonly to: number;
}

export type BodySource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string };

/** Redirects connections to `host:port`; null matches any host or port. */
export interface ConnectTo {
  readonly fromHost: string | null;
  readonly fromPort: number | null;
  readonly host: string;
  readonly port: number | null;
}

export interface OutputPlan {
  /** wrk's `--latency`. */
  readonly latency: boolean;
  /** wrk2's `-U`: service time in the table, and both distributions. */
  readonly serviceTime: boolean;
  /** What a request's time consists of, each part measured. */
  readonly phases: boolean;
  /** Ascending; empty: the usual ones. */
  readonly percentiles: readonly number[];
  /** The response field whose values are counted; null: none. */
  readonly groupBy: string | null;
  readonly json: string | null;
  readonly csv: string | null;
  readonly hdr: string | null;
  readonly timeseries: string | null;
  readonly html: string | null;
  /** The run is drawn on the terminal while it lasts. */
  readonly live: boolean;
  /** Where Prometheus may ask while it runs; null: nowhere. */
  readonly metrics: Address | null;
  /** Reports keep fields and URLs as they were given, secrets included. */
  readonly showSecrets: boolean;
  readonly quiet: boolean;
}

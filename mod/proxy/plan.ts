/**
 * What a configuration means: checked, complete and never changed after it is built. The engine
 * reads it, the pure parts (router, balancers, checks) are made from it.
 */
import type { CertificateFiles, Identity } from "../tls/server_context.ts";
import type { Address } from "../base/address.ts";
import type { IpRange } from "../base/ip_ranges.ts";
import type { HostAddress, Position } from "../config/mod.ts";
import type { CheckPlan } from "./check_plan.ts";
import type {
  OriginPlan,
  OutlierPlan,
  RequestBufferPlan,
  RetryBudgetPlan,
  StickyPlan,
} from "./upstream_plan.ts";

export interface ProxyPlan {
  /** File the plan came from; null for the built-in welcome page. */
  readonly file: string | null;
  readonly listeners: readonly ListenPlan[];
  readonly hosts: readonly HostPlan[];
  readonly upstreams: readonly UpstreamPlan[];
  readonly global: GlobalPlan;
  /** Of the global level: what holds where no host does. */
  readonly settings: Settings;
  /** Things the user should know and that stop nothing: `[h2o.conf:3] ...`. */
  readonly notices: readonly string[];
}

export interface GlobalPlan {
  /** Client connections per worker; 0: as many as there are descriptors. */
  readonly connectionsMax: number;
  readonly workers: number;
  readonly requestBodyBytesMax: number;
  /** Without its CRLF. */
  readonly requestLineBytesMax: number;
  /** From the first byte of a request to the end of its head. */
  readonly headTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  /** Between two reads of a request body, or two writes of a response that make progress. */
  readonly bodyTimeoutMs: number;
  /** Without a request on a connection. */
  readonly idleTimeoutMs: number;
  /** A client that has closed its sending side still gets its answer. */
  readonly allowHalfOpen: boolean;
  readonly serverName: string;
  readonly sendServerName: "on" | "off" | "preserve";
  readonly pidFile: string | null;
  readonly errorLog: string | null;
  readonly emitForwardedFields: boolean;
  readonly preserveForwardedProto: boolean;
  readonly emitVia: boolean;
  readonly emitMissingDate: boolean;
  readonly sendInformational: SendInformational;
  /** How long TERM waits for exchanges in flight. */
  readonly drainTimeoutMs: number;
  /** Socket of the status page, metrics and API; null: none. */
  readonly control: ControlPlan | null;
  /** Keeps operators' changes and health across generations and restarts; null: nothing does. */
  readonly stateFile: string | null;
  /** For upstreams without one of their own; null: as the host resolves names. */
  readonly resolver: ResolverPlan | null;
}

/** Which clients get the 1xx responses of upstreams; `except-h1`: those of HTTP/2 and later. */
export type SendInformational = "except-h1" | "none" | "all";

export interface ControlPlan {
  readonly address: HostAddress;
  readonly writable: boolean;
  readonly token: string | null;
}

/** `listen.ssl`; null leaves OpenSSL's or hayate's default. */
export interface TlsPlan {
  readonly certificates: readonly CertificateFiles[];
  readonly minimumVersion: string | null;
  readonly maximumVersion: string | null;
  readonly cipherSuite: string | null;
  readonly cipherSuiteTls13: string | null;
  readonly preferServerCiphers: boolean;
  /** An OCSP response in DER to staple. */
  readonly ocspFile: string | null;
  /** Clients need a certificate of one of these issuers. */
  readonly clientCaFile: string | null;
  readonly at: Position;
}

/** Peers by their addresses, and whether everybody on a unix socket is one. */
export interface PeerSetPlan {
  readonly ranges: readonly IpRange[];
  readonly unix: boolean;
}

/**
 * Whether connections begin with a PROXY protocol header. `on`: those that do are served under the
 * addresses it announces, others under their own (h2o); `required`: others are closed. A set of peers:
 * it is required of these, and nobody else's bytes are taken for one.
 */
export type ListenProxyProtocol = "off" | "on" | "required" | PeerSetPlan;

export interface ListenPlan {
  readonly address: Address;
  readonly tls: TlsPlan | null;
  /** Certificates of hosts with a `listen` of their own, chosen by the name the client asks for. */
  readonly certificatesByHost: readonly Identity[];
  readonly proxyProtocol: ListenProxyProtocol;
  /** Mode and owner of a unix socket file; null: as umask leaves it. */
  readonly mode: number | null;
  /** Indexes into `hosts`: who is served here. */
  readonly hosts: readonly number[];
  readonly at: Position;
}

export interface HostPlan {
  /** Lower case; `*.name` matches every name below. */
  readonly name: string;
  /** 0: the default port of the scheme. */
  readonly port: number;
  readonly strictMatch: boolean;
  /** Served on listeners of its own and on no other. */
  readonly hasOwnListen: boolean;
  readonly paths: readonly PathPlan[];
  /** What holds for a request that no path matches. */
  readonly settings: Settings;
}

export interface PathPlan {
  readonly prefix: string;
  /** Tried in order; a file handler that finds nothing passes on. */
  readonly handlers: readonly HandlerPlan[];
  readonly settings: Settings;
}

export type HandlerPlan =
  | ProxyHandlerPlan
  | FileHandlerPlan
  | {
    readonly kind: "redirect";
    readonly url: string;
    readonly status: number;
    readonly internal: boolean;
  }
  | { readonly kind: "status" }
  | { readonly kind: "checkStatus"; readonly format: CheckStatusFormat };

export type CheckStatusFormat = "html" | "csv" | "json" | "prometheus";

export interface ProxyHandlerPlan {
  readonly kind: "proxy";
  /** Index into `upstreams`. */
  readonly upstream: number;
  /** Of the first URL. */
  readonly authority: string;
  readonly basePath: string;
  /** One for each URL, where they differ; `PeerPlan.origin` is the index. */
  readonly origins?: readonly OriginPlan[];
}

export interface FileHandlerPlan {
  readonly kind: "file";
  /** A folder (`file.dir`) or one file (`file.file`). */
  readonly path: string;
  readonly isFolder: boolean;
}

/** What is inherited from level to level. */
export interface Settings {
  readonly proxy: ProxySettings;
  readonly file: FileSettings;
  readonly responseRules: readonly FieldRule[];
  readonly requestRules: readonly FieldRule[];
  readonly accessLogs: readonly AccessLogPlan[];
  /** Whose word counts about where requests come from; null: nobody's. */
  readonly realIp: RealIpPlan | null;
  /** Requests get a name; null: they get none. */
  readonly requestId: RequestIdPlan | null;
  readonly errorDocs: readonly ErrorDocPlan[];
  /** Shown by access logs. */
  readonly variables: ReadonlyMap<string, string>;
  /** Seconds of `cache-control: max-age`; a string is the field's value; null: none. */
  readonly expires: string | null;
  readonly compress: CompressPlan | null;
  readonly compressBytesMin: number;
  readonly emitRequestErrors: boolean;
  /** `//` in a path is one slash when a route is chosen; a host's own. */
  readonly mergesSlashes: boolean;
}

export interface ProxySettings {
  readonly preserveHost: boolean;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly ioTimeoutMs: number;
  /** How long an idle upstream connection is kept; 0: none is. */
  readonly keepaliveTimeoutMs: number;
  readonly tunnel: boolean;
  readonly tunnelTimeoutMs: number;
  readonly tlsVerify: boolean;
  readonly tlsCaFile: string | null;
  readonly forwardClose: boolean;
  /** Each connection begins with a PROXY protocol header (v1) and is used for one request. */
  readonly proxyProtocol: boolean;
}

export interface FileSettings {
  readonly indexFiles: readonly string[];
  readonly dirListing: boolean;
  readonly etag: boolean;
  readonly sendCompressed: "off" | "on" | "gunzip";
  /** Extension (with its dot) -> type; null removes a built-in one. */
  readonly mimeTypes: ReadonlyMap<string, string | null>;
  /** True when `settypes` threw the built-in table away. */
  readonly mimeTypesOnly: boolean;
  readonly mimeDefault: string;
}

export type FieldAction =
  | "add"
  | "append"
  | "merge"
  | "set"
  | "setifempty"
  | "unset"
  | "unsetunless"
  | "cookie.unset"
  | "cookie.unsetunless";

export interface FieldRule {
  readonly action: FieldAction;
  /** For comparing: lower case, and cookies as written; several for `unset` and `unsetunless`. */
  readonly names: readonly string[];
  /** As written, for sending. */
  readonly name: string;
  readonly value: string;
}

export interface AccessLogPlan {
  /** A path, or `| command`. */
  readonly target: string;
  readonly format: string | null;
  /** null: as the format wants it. */
  readonly escape: "apache" | "json" | null;
  readonly at: Position;
}

/** `real-ip`. */
export interface RealIpPlan {
  /** Peers that are believed. */
  readonly from: PeerSetPlan;
  /** The field that names the client, in lower case. */
  readonly field: string;
  /** Addresses of believed peers are passed over on the way to the client's. */
  readonly recursive: boolean;
  /** What others say of themselves is not passed on. */
  readonly dropsUntrusted: boolean;
}

/** `proxy.request-id`. */
export interface RequestIdPlan {
  /** As it is sent. */
  readonly field: string;
  /** Whose names are taken over. */
  readonly accepts: "trusted" | "any" | "none";
  /** Clients are told the name. */
  readonly answers: boolean;
}

export interface ErrorDocPlan {
  readonly statuses: readonly number[];
  readonly url: string;
}

export interface CompressPlan {
  /** In the order of preference. */
  readonly encodings: readonly ("br" | "zstd" | "gzip")[];
  readonly gzipLevel: number;
  readonly brotliLevel: number;
  readonly zstdLevel: number;
}

export interface UpstreamPlan {
  readonly name: string;
  readonly scheme: "http" | "https";
  readonly peers: readonly PeerPlan[];
  /** Servers whose names are looked up while the proxy runs; their peers come and go. */
  readonly named: readonly PeerPlan[];
  readonly resolver: ResolverPlan | null;
  readonly balance: BalancePlan;
  /** Idle connections kept per worker. */
  readonly keepaliveMax: number;
  readonly keepaliveTimeoutMs: number;
  readonly keepaliveRequestsMax: number;
  /** Version of the PROXY protocol that its peers expect; 0: none, unless the path says so. */
  readonly proxyProtocol: 0 | 1 | 2;
  readonly check: CheckPlan | null;
  readonly retry: RetryPlan;
  /** How much load retries may add; null: any. */
  readonly retryBudget: RetryBudgetPlan | null;
  /** When a peer that answers badly is left alone; null: never. */
  readonly outlier: OutlierPlan | null;
  /** Request bodies are read whole first; null: they are streamed. */
  readonly requestBuffer: RequestBufferPlan | null;
  /** Which peer a client's further requests go to; null: whichever is chosen. */
  readonly sticky: StickyPlan | null;
  /** Status when no peer can be chosen: 502 as nginx, or 503 with Retry-After. */
  readonly noLiveStatus: 502 | 503;
  /** True when made from a `proxy.reverse.url` that names no entry of `upstreams`. */
  readonly implicit: boolean;
  readonly at: Position;
}

export interface PeerPlan {
  /** As written; the name in logs, pages and the API. */
  readonly name: string;
  readonly address: HostAddress;
  readonly weight: number;
  readonly connectionsMax: number;
  readonly failsMax: number;
  readonly failTimeoutMs: number;
  readonly slowStartMs: number;
  readonly backup: boolean;
  readonly down: boolean;
  readonly drain: boolean;
  readonly resolve: boolean;
  readonly service: string;
  readonly route: string;
  /** What TLS asks for; without it the host in `name`. */
  readonly serverName?: string;
  /** Of a list of URLs; without it the upstream's. */
  readonly scheme?: "http" | "https";
  /** Of a list of URLs: its place in there. */
  readonly origin?: number;
  /** Of a peer that a name is looked up for at run time: the line it comes from. */
  readonly parent?: PeerParent;
}

/** A line of `servers` with `resolve`. */
export interface PeerParent {
  readonly id: number;
  /** As written. */
  readonly host: string;
  readonly service: string;
}

/** Who is asked for names at run time. */
export interface ResolverPlan {
  /** Not empty. */
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /** Counts in place of the answers' own times; null: those count. */
  readonly validMs: number | null;
  /** For one try with one server. */
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly usesV4: boolean;
  readonly usesV6: boolean;
}

export type BalancePlan =
  | { readonly kind: "round_robin" }
  | { readonly kind: "least_conn" }
  | { readonly kind: "random"; readonly two: boolean }
  | { readonly kind: "ip_hash" }
  | {
    readonly kind: "least_time";
    /** What is measured: the time to a response's head, or to its last byte. */
    readonly until: "header" | "last_byte";
    /** Requests that wait for it count by their age. */
    readonly inflight: boolean;
  }
  | { readonly kind: "hash"; readonly key: string; readonly consistent: boolean };

/** nginx's proxy_next_upstream words as bits, so that an attempt's end is one test. */
export const retryConditions = {
  error: 1,
  timeout: 2,
  invalid_header: 4,
  http_500: 8,
  http_502: 16,
  http_503: 32,
  http_504: 64,
  http_403: 128,
  http_404: 256,
  http_429: 512,
  non_idempotent: 1024,
} as const;

export interface RetryPlan {
  readonly conditions: number;
  /** 0: as many as there are peers. */
  readonly triesMax: number;
  /** 0: no limit. */
  readonly timeoutMs: number;
}

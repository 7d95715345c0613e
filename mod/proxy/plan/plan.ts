/**
 * The plan: a checked, complete and immutable configuration. The engine reads it, and the pure
 * parts (router, balancers, checks) are made from it.
 */
import type { CertificateFiles, Identity } from "../../tls/server_context.ts";
import type { OffloadMode } from "../../tls/kernel/offload_mode.ts";
import type { SessionPlan } from "../../tls/sessions/session_rules.ts";
import type { AcmeSettings } from "../../acme/core/settings.ts";
import type { Address } from "../../base/address.ts";
import type { QueuedLimits } from "../../conn/exchange/http2_queued_output.ts";
import type { GuardRules } from "../../http2/mod.ts";
import type { PeerSetPlan } from "../../base/peer_set.ts";
import type { HostAddress, Position } from "../../config/mod.ts";
import type { CheckPlan } from "./check_plan.ts";
import type {
  OriginPlan,
  OutlierPlan,
  RequestBufferPlan,
  RetryBudgetPlan,
  StickyPlan,
} from "./upstream_plan.ts";

export interface ProxyPlan {
  /** The configuration file; null for the built-in welcome page. */
  readonly file: string | null;
  readonly listeners: readonly ListenPlan[];
  readonly hosts: readonly HostPlan[];
  readonly upstreams: readonly UpstreamPlan[];
  readonly global: GlobalPlan;
  /** Settings of the global level, for requests that match no host. */
  readonly settings: Settings;
  /** Warnings that do not prevent a start: `[h2o.conf:3] ...`. */
  readonly notices: readonly string[];
}

/** HTTP/2 with clients. */
export interface Http2Plan {
  readonly isOn: boolean;
  readonly idleTimeoutMs: number;
  /** From GOAWAY to the end of a connection whose streams do not end; 0: no limit of its own. */
  readonly gracefulTimeoutMs: number;
  /** Streams that a client may open at once. */
  readonly streamsMax: number;
  /** Requests of one connection that are answered at once. */
  readonly requestsMax: number;
  /** Of these, those whose bodies are passed on while they arrive. */
  readonly streamingMax: number;
  /** Bytes of a request body that a client may send ahead. */
  readonly windowBytes: number;
  /** Style sheets, scripts and fonts go first, where the client gives no priority. */
  readonly ranksAssets: boolean;
  /** How long nothing is read from a client that resets more than half of its streams; 0: no delay. */
  readonly dosDelayMs: number;
  /** Responses that wait for the windows of clients. */
  readonly queued: QueuedLimits;
  /** What a client may do too often. */
  readonly limits: GuardRules;
}

export interface GlobalPlan {
  readonly http2: Http2Plan;
  /** Client connections per worker; 0: limited only by file descriptors. */
  readonly connectionsMax: number;
  readonly workers: number;
  /** The CPU of each worker; empty: the kernel chooses. */
  readonly cpus: readonly number[];
  readonly requestBodyBytesMax: number;
  /** Not counting the CRLF. */
  readonly requestLineBytesMax: number;
  /** From the first byte of a request to the end of its head. */
  readonly headTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  /** How TLS sessions of clients are resumed. */
  readonly sessions: SessionPlan;
  /** When the kernel encrypts files for clients, if it can. */
  readonly tlsOffload: OffloadMode;
  /** Between two reads of a request body, or two writes of a response, that make progress. */
  readonly bodyTimeoutMs: number;
  /** How long a client connection may be idle. */
  readonly idleTimeoutMs: number;
  /** A client that has closed its sending side still gets its response. */
  readonly allowHalfOpen: boolean;
  readonly serverName: string;
  readonly sendServerName: "on" | "off" | "preserve";
  /** The user to run as, as `NAME[:GROUP]`; null: the default. */
  readonly user: { readonly text: string; readonly at: Position } | null;
  readonly pidFile: string | null;
  readonly errorLog: string | null;
  readonly emitForwardedFields: boolean;
  readonly preserveForwardedProto: boolean;
  readonly emitVia: boolean;
  readonly emitMissingDate: boolean;
  readonly sendInformational: SendInformational;
  /** How long a drain waits for exchanges in flight. */
  readonly drainTimeoutMs: number;
  /** How long a drain keeps idle client connections, for a request that is already on its way. */
  readonly drainIdleMs: number;
  /** The control listener; null: none. */
  readonly control: ControlPlan | null;
  /** Keeps operators' changes and health across generations and restarts; null: none are kept. */
  readonly stateFile: string | null;
  /** For upstreams without a resolver of their own; null: the host's resolver settings. */
  readonly resolver: ResolverPlan | null;
  /** Certificates from a CA; null: from files alone. */
  readonly acme: AcmePlan | null;
}

/** `acme`. */
export interface AcmePlan extends AcmeSettings {
  /** Where the certificates lie; null until it is known that they can be kept there, or if not. */
  readonly folder: string | null;
  /** Serves for all names where nothing can be written; null: not needed. */
  readonly standIn: CertificateFiles | null;
  /** Why nothing is ordered; null: it is, or that is not known yet. */
  readonly fault: string | null;
  readonly at: Position;
}

/** Which clients get the 1xx responses of upstreams; `except-h1`: clients with HTTP/2 or later. */
export type SendInformational = "except-h1" | "none" | "all";

export interface ControlPlan {
  readonly address: HostAddress;
  readonly writable: boolean;
  readonly token: string | null;
}

/** `listen.ssl`; a null member means OpenSSL's or hayate's default. */
export interface TlsPlan {
  /** Empty: they come from the CA of `acme`. */
  readonly certificates: readonly CertificateFiles[];
  readonly minimumVersion: string | null;
  readonly maximumVersion: string | null;
  readonly cipherSuite: string | null;
  readonly cipherSuiteTls13: string | null;
  /** Groups of the key exchange by OpenSSL's names, the first preferred. */
  readonly groups: readonly string[] | null;
  readonly preferServerCiphers: boolean;
  /** File with an OCSP response in DER to staple. */
  readonly ocspFile: string | null;
  /** File of CAs: clients need a certificate issued by one of them. */
  readonly clientCaFile: string | null;
  readonly at: Position;
}

/**
 * Whether connections start with a PROXY header. `on`: optional; connections without one are served
 * under their own address (h2o). `required`: connections without one are closed. A set of peers:
 * required from these peers, and not parsed from any other.
 */
export type ListenProxyProtocol = "off" | "on" | "required" | PeerSetPlan;

export interface ListenPlan {
  readonly address: Address;
  readonly tls: TlsPlan | null;
  /** Certificates of hosts with their own `listen`, chosen by the client's SNI. */
  readonly certificatesByHost: readonly Identity[];
  /** Names whose certificates come from the CA of `acme`. */
  readonly managedNames: readonly string[];
  readonly proxyProtocol: ListenProxyProtocol;
  /** HTTP/2 is spoken here, too. */
  readonly http2: boolean;
  /** Mode of a unix socket file; null: decided by umask. */
  readonly mode: number | null;
  /** The hosts served here, as indexes into `hosts`. */
  readonly hosts: readonly number[];
  readonly at: Position;
}

export interface HostPlan {
  /** Lower case; `*.name` matches all names below it. */
  readonly name: string;
  /** 0: the default port of the scheme. */
  readonly port: number;
  readonly strictMatch: boolean;
  /** Served only on its own listeners. */
  readonly hasOwnListen: boolean;
  readonly paths: readonly PathPlan[];
  /** For requests that match no path. */
  readonly settings: Settings;
}

export interface PathPlan {
  readonly prefix: string;
  /** Tried in order; a file handler that finds no file passes the request to the next. */
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
  /** Authority of the first URL, as is `basePath`. */
  readonly authority: string;
  readonly basePath: string;
  /** One for each URL, if they differ; `PeerPlan.origin` is the index. */
  readonly origins?: readonly OriginPlan[];
}

export interface FileHandlerPlan {
  readonly kind: "file";
  /** A folder (`file.dir`) or one file (`file.file`). */
  readonly path: string;
  readonly isFolder: boolean;
}

/** Settings that each level inherits from the level above. */
export interface Settings {
  readonly proxy: ProxySettings;
  readonly file: FileSettings;
  readonly responseRules: readonly FieldRule[];
  readonly requestRules: readonly FieldRule[];
  readonly accessLogs: readonly AccessLogPlan[];
  /** Trusted proxies and the field with the client's address; null: no proxy is trusted. */
  readonly realIp: RealIpPlan | null;
  /** null: requests get no request ID. */
  readonly requestId: RequestIdPlan | null;
  readonly errorDocs: readonly ErrorDocPlan[];
  /** Values of `setenv`, shown in access logs. */
  readonly variables: ReadonlyMap<string, string>;
  /** Requests of plain HTTP are redirected to the same URL with https. */
  readonly redirectsToHttps: boolean;
  /** Value of the field `strict-transport-security` of responses over TLS; null: none is set. */
  readonly hsts: string | null;
  /** Value of the field `cache-control`, such as `max-age=60`; null: none is added. */
  readonly expires: string | null;
  readonly compress: CompressPlan | null;
  readonly compressBytesMin: number;
  readonly emitRequestErrors: boolean;
  /** `//` in a path counts as one slash when a route is chosen; set by hosts, not by paths. */
  readonly mergesSlashes: boolean;
}

export interface ProxySettings {
  readonly preserveHost: boolean;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly ioTimeoutMs: number;
  /** How long an idle upstream connection is kept; 0: not at all. */
  readonly keepaliveTimeoutMs: number;
  readonly tunnel: boolean;
  readonly tunnelTimeoutMs: number;
  readonly tlsVerify: boolean;
  readonly tlsCaFile: string | null;
  /** Share of requests that are sent over HTTP/2, in percent. With TLS, the peer decides by ALPN. */
  readonly http2Ratio: number;
  /** Streams open at the same time on one connection. */
  readonly http2StreamsMax: number;
  /** Peers without TLS speak HTTP/2, as is known beforehand; the ratio is 100 then. */
  readonly http2Cleartext: boolean;
  readonly forwardClose: boolean;
  /** Each upstream connection starts with a PROXY header (v1) and is used for one request. */
  readonly proxyProtocol: boolean;
}

export interface FileSettings {
  readonly indexFiles: readonly string[];
  readonly dirListing: boolean;
  readonly etag: boolean;
  readonly sendCompressed: "off" | "on" | "gunzip";
  /** Extension (with its dot) to type; null removes a built-in one. */
  readonly mimeTypes: ReadonlyMap<string, string | null>;
  /** True when `settypes` replaces the built-in table. */
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
  /** For comparison: fields in lower case, cookies as written; several for `...unsetunless`. */
  readonly names: readonly string[];
  /** As written, for sending it. */
  readonly name: string;
  readonly value: string;
}

export interface AccessLogPlan {
  /** A path, `| command`, or another form that `parseLogTarget` reads. */
  readonly target: string;
  readonly format: string | null;
  /** null: chosen by the format. */
  readonly escape: "apache" | "json" | null;
  readonly at: Position;
}

/** `real-ip`. */
export interface RealIpPlan {
  /** The trusted proxies. */
  readonly from: PeerSetPlan;
  /** The field with the client's address, in lower case. */
  readonly field: string;
  /** Addresses of trusted proxies are skipped to find the client's. */
  readonly recursive: boolean;
  /** Fields with a client's address are dropped when they come from other peers. */
  readonly dropsUntrusted: boolean;
}

/** `proxy.request-id`. */
export interface RequestIdPlan {
  /** Name of the field, as it is sent. */
  readonly field: string;
  /** Whose request IDs are kept: those of trusted proxies, of any client, or none. */
  readonly accepts: "trusted" | "any" | "none";
  /** The response carries the request ID as well. */
  readonly answers: boolean;
}

export interface ErrorDocPlan {
  readonly statuses: readonly number[];
  readonly url: string;
}

export interface CompressPlan {
  /** In order of preference. */
  readonly encodings: readonly ("br" | "zstd" | "gzip")[];
  readonly gzipLevel: number;
  readonly brotliLevel: number;
  readonly zstdLevel: number;
}

export interface UpstreamPlan {
  readonly name: string;
  readonly scheme: "http" | "https";
  readonly peers: readonly PeerPlan[];
  /** Servers whose names are looked up at run time; their peers change with the answers. */
  readonly named: readonly PeerPlan[];
  readonly resolver: ResolverPlan | null;
  readonly balance: BalancePlan;
  /** Idle connections kept per worker. */
  readonly keepaliveMax: number;
  readonly keepaliveTimeoutMs: number;
  readonly keepaliveRequestsMax: number;
  /** Version of the PROXY header that peers expect; 0: none, if `proxy.proxy-protocol` is OFF. */
  readonly proxyProtocol: 0 | 1 | 2;
  /** Replaces settings of the paths; a null member does not. */
  readonly http2: Http2Overrides;
  readonly check: CheckPlan | null;
  readonly retry: RetryPlan;
  /** Limits the load that retries add; null: no limit. */
  readonly retryBudget: RetryBudgetPlan | null;
  /** When a peer is ejected for its answers; null: never. */
  readonly outlier: OutlierPlan | null;
  /** Request bodies are read completely before they are forwarded; null: they are streamed. */
  readonly requestBuffer: RequestBufferPlan | null;
  /** Binds a client's further requests to one peer; null: each request is balanced. */
  readonly sticky: StickyPlan | null;
  /** Status when no peer is available: 502 as in nginx, or 503 with Retry-After. */
  readonly noLiveStatus: 502 | 503;
  /** Made from a `proxy.reverse.url` that names no entry of `upstreams`. */
  readonly implicit: boolean;
  readonly at: Position;
}

export interface Http2Overrides {
  readonly ratio: number | null;
  readonly streamsMax: number | null;
  readonly cleartext: boolean | null;
}

export interface PeerPlan {
  /** As written; identifies the peer in logs, status pages and the API. */
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
  /** Server name for TLS; default: the host in `name`. */
  readonly serverName?: string;
  /** Scheme of its URL in a list of URLs; default: the upstream's. */
  readonly scheme?: "http" | "https";
  /** Index of its URL in a list of URLs. */
  readonly origin?: number;
  /** The `servers` line whose name resolved to this peer at run time. */
  readonly parent?: PeerParent;
}

/**
 * The value of `route=` (nginx: at most 32 bytes). It is copied into cookies as it is (RFC 6265
 * section 4.1.1), where `|` and `~` would end it.
 */
export const routeForm = /^[!#-+\--:<-[\]-{}]{1,32}$/;

/** A line of `servers` with `resolve`. */
export interface PeerParent {
  readonly id: number;
  /** As written. */
  readonly host: string;
  readonly service: string;
}

/** DNS servers for lookups at run time. */
export interface ResolverPlan {
  /** Not empty. */
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /** Overrides the TTLs of the answers; null: the TTLs are used. */
  readonly validMs: number | null;
  /** For one attempt at one server. */
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
    /** What is measured: the time to the head of the response, or to its last byte. */
    readonly until: "header" | "last_byte";
    /** Requests that still wait for it count with their age. */
    readonly inflight: boolean;
  }
  | { readonly kind: "hash"; readonly key: string; readonly consistent: boolean };

/** Conditions of nginx's proxy_next_upstream as bits, so that an attempt's end needs one test. */
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
  /** 0: as many as the upstream has peers. */
  readonly triesMax: number;
  /** 0: no limit. */
  readonly timeoutMs: number;
}

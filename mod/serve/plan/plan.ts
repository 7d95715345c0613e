/** The settings of one `hayate serve` run: checked and immutable. */
import type { LogFlags } from "../../process/choose_log.ts";
import type { AcmeSettings } from "../../acme/core/settings.ts";
import type { Address } from "../../base/address.ts";
import type { PeerSetPlan } from "../../base/peer_set.ts";

/** The handler of all requests. */
export type AppPlan =
  | { readonly kind: "text"; readonly text: string }
  /** `path` null: only the hosts have one. */
  | {
    readonly kind: "folder";
    readonly path: string | null;
    readonly hosts: readonly HostFolder[];
  }
  /** The one in this program, see `hayate build`. */
  | { readonly kind: "built"; readonly args: readonly string[] }
  /** `args` is what the app gets as its command line. */
  | { readonly kind: "script"; readonly path: string; readonly args: readonly string[] };

/** The root of one host, or of the hosts below a domain (`*.example.com`). */
export interface HostFolder {
  readonly host: string;
  readonly path: string;
}

/** Proxies that say who a request is from. */
export interface TrustPlan {
  readonly peers: PeerSetPlan;
  /** X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239). */
  readonly field: "x-forwarded" | "forwarded";
}

/** The Cache-Control of the files that a glob names. */
export interface CacheRule {
  readonly pattern: string;
  readonly value: string;
}

/** Where the certificates of our own TLS come from. */
export type CertificatePlan =
  /** PEM files of the certificate, followed by its chain, and of its key. */
  | { readonly kind: "files"; readonly certificateFile: string; readonly keyFile: string }
  /** A CA (ACME). `by`: the setting that names the domains. */
  | {
    readonly kind: "managed";
    readonly by: "--domain" | "TLS_DOMAIN";
    readonly names: readonly string[];
    readonly settings: AcmeSettings;
  }
  | { readonly kind: "self-signed" };

/** A socket to bind. */
export interface SocketPlan {
  readonly address: Address;
  /** Its clients speak TLS. */
  readonly tls: boolean;
  /** The IPv6 half of an entry of PORTS, which is left out on a host without IPv6. */
  readonly isTwin?: boolean;
}

export interface ListenPlan {
  /** Bound when no sockets are inherited. */
  readonly sockets: readonly SocketPlan[];
  readonly reusePort: boolean;
  readonly backlog: number;
  /** Mode of socket files; null: as the umask gives it. */
  readonly pathMode: number | null;
  readonly pathOwner: { readonly uid: number; readonly gid: number | null } | null;
  /** TLS on inherited sockets, too, whatever the supervisor says of them. */
  readonly everyTls: boolean;
  /** null: that of the supervisor, for inherited sockets on which it enables TLS; else none. */
  readonly certificate: CertificatePlan | null;
}

export interface ProcessPlan {
  /** The user to run as, as `NAME[:GROUP]`; null: nobody has asked. */
  readonly user: string | null;
  readonly workers: number | "auto";
  /** The CPUs of the workers, in turn; null: the kernel chooses. */
  readonly cpus: readonly number[] | "auto" | null;
  /** null: no limit. */
  readonly requestsMax: number | null;
  readonly requestsMin: number | null;
  /** 0: none. */
  readonly timeoutMs: number;
  /** How long TERM lets clients go before the graceful stop; 0: not at all. */
  readonly shutdownDelayMs: number;
  readonly gracefulTimeoutMs: number;
  /** Limit for loading the app; 0: none. */
  readonly startTimeoutMs: number;
  readonly spawnIntervalMs: number;
  readonly errorRespawnIntervalMs: number;
  readonly memoryBytesMax: number | null;
  /** The JavaScript heap of a worker; null: no limit. */
  readonly heapBytesMax: number | null;
  /** Requests that a worker's app works on at once, and that wait; null: no limit. */
  readonly admission: { readonly placesMax: number; readonly waitingMax: number } | null;
}

export type ChunkedMode = "auto" | "always" | "never";

export interface HttpPlan {
  readonly chunked: ChunkedMode;
  /** Infinity: no limit. */
  readonly bodyBytesMax: number;
  readonly headBytesMax: number;
  /** Largest message from a WebSocket client. Infinity: no limit. */
  readonly messageBytesMax: number;
  readonly connectionRequestsMax: number;
  readonly headTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly drainIdleMs: number;
  readonly writeTimeoutMs: number;
  /** Answer a client that has closed its sending side. */
  readonly allowHalfOpen: boolean;
  /** HTTP/2 is spoken, too. */
  readonly http2: boolean;
}

export interface FilesPlan {
  readonly index: readonly string[];
  readonly listing: boolean;
  readonly outsideLinks: boolean;
  readonly dotFiles: boolean;
  readonly precompressed: boolean;
  /** Compress files without a precompressed sibling. */
  readonly compress: boolean;
  /** The index of the root answers paths of pages that have no file. */
  readonly spa: boolean;
  readonly cleanUrls: boolean;
  /** `_redirects` and `_headers` are read. */
  readonly rules: boolean;
  readonly cache: readonly CacheRule[];
  /** Origins that may read the files; null: no CORS fields. */
  readonly cors: "*" | readonly string[] | null;
  readonly securityHeaders: boolean;
}

export interface LogPlan {
  /** null: no access log. */
  readonly accessLog: string | null;
  /** A name or a format string. */
  readonly accessLogFormat: string;
  readonly quiet: boolean;
  readonly flags: LogFlags;
}

export interface StatusPlan {
  readonly address: Address;
  readonly path: string;
  /** Required of clients; null on a unix socket without one, where the file mode grants access. */
  readonly token: StatusToken | null;
}

/** The token itself, or the file whose first line holds it. */
export type StatusToken = { readonly text: string } | { readonly file: string };

export interface ServePlan {
  readonly app: AppPlan;
  readonly listen: ListenPlan;
  readonly process: ProcessPlan;
  readonly http: HttpPlan;
  readonly files: FilesPlan;
  /** null: no proxy is trusted. */
  readonly trust: TrustPlan | null;
  readonly log: LogPlan;
  readonly status: StatusPlan | null;
  /** Load the app again when its files change. */
  readonly watch: boolean;
  /** Where `/livez` and `/readyz` are answered; null: nowhere. */
  readonly health: Address | null;
}

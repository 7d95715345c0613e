/** The plan of one load thread: plain data that can be posted to a worker. */
import type { Address } from "../../base/address.ts";
import type { Method } from "../../http/method.ts";
import type { VaryingPlan } from "../request/values.ts";
import type { ExtraTime } from "./extra_times.ts";
import type { MessagePlan } from "./web_socket.ts";
import type { Stage } from "./schedule.ts";

/** Requests to the same target, and its addresses. */
export interface RequestGroup {
  /** Connections are spread over all of them. */
  readonly addresses: readonly Address[];
  /** Batch `i` begins with request `i` and holds `pipeline` requests, going round. */
  readonly batches: readonly Uint8Array<ArrayBuffer>[];
  /** For each batch the end offsets of its requests. */
  readonly ends: readonly Int32Array[];
  /** Method of request `i`; a response to HEAD has no body. */
  readonly methods: readonly Method[];
  /** Request `i` may be sent again when a kept connection turns out to be closed (RFC 9110 9.2.2). */
  readonly idempotent: readonly boolean[];
  /**
   * By position in the batch, whether the connection ends after that request (RFC 9112 9.6): only for
   * a script's single batch. Undefined: no request does, or `requestsPerConnection` is 1.
   */
  readonly closes?: readonly boolean[];
  /** By request, what varies in it; undefined: nothing does. */
  readonly varying?: readonly (VaryingPlan | null)[];
  /** Server name for SNI and verification; null: no TLS. */
  readonly serverName: string | null;
  /** The request that opens a tunnel through the proxy at `addresses`; undefined: there is none. */
  readonly tunnel?: Uint8Array<ArrayBuffer>;
  /** Local addresses may be added from 127.0.0.0/8. */
  readonly loopback: boolean;
}

export interface ThreadPlan {
  /**
   * 0 .. threadCount - 1, over all machines of the run. Thread `i` takes requests i,
   * i + threadCount ... of a schedule.
   */
  readonly index: number;
  readonly threadCount: number;
  readonly groups: readonly RequestGroup[];
  /** Group of each connection of this thread. */
  readonly connectionGroups: readonly number[];
  /** Connections of the threads before this one, so that all addresses are used evenly. */
  readonly connectionsBefore: number;
  readonly pipeline: number;
  readonly http2: boolean;
  /** Requests at once on each connection, as streams of HTTP/2; 1 with HTTP/1.1. */
  readonly streams: number;
  /** Requests to send after the warm-up; Infinity: until the duration is over. */
  readonly requestCount: number;
  /** Measured time in milliseconds; Infinity: until the requests are sent. */
  readonly durationMs: number;
  readonly warmupMs: number;
  /** After `durationMs` nothing new is sent, and responses are awaited for this long. */
  readonly drainMs: number;
  /** The open loop's stages, warm-up included; null: closed loop. */
  readonly stages: readonly Stage[] | null;
  readonly timeoutMs: number;
  /** Responses after which a connection is replaced; Infinity: never. */
  readonly requestsPerConnection: number;
  /** Sends an idempotent request again when a kept connection ends before its response. */
  readonly retry: boolean;
  readonly randomOrder: boolean;
  /** The response field whose values are counted; null: none. */
  readonly groupBy: string | null;
  /** Times that are measured besides the usual ones. */
  readonly extraTimes: readonly ExtraTime[];
  /** Local IP addresses, used in turn; empty: the kernel chooses. */
  readonly sources: readonly string[];
  /** Close by reset, so that no TIME_WAIT is left. */
  readonly resetOnClose: boolean;
  readonly tls: TlsPlan;
  /** null: no script. */
  readonly script: ScriptPlan | null;
  /** null: requests are not those of a log. */
  readonly replay: ReplayPlan | null;
  /** Responses are event streams; null: they are not. */
  readonly eventStreams: EventStreamPlan | null;
  /** Connections become WebSockets that send this; null: they do not. */
  readonly webSocket: MessagePlan | null;
  /** Value of HAYATE_REACTOR. */
  readonly reactor: string;
}

/** What is done with event streams. */
export interface EventStreamPlan {
  /** A stream that has ended is opened again as an EventSource does it. */
  readonly reconnects: boolean;
}

/** The requests of an access log, at the times that it has. */
export interface ReplayPlan {
  readonly path: string;
  /** Times as fast as logged. */
  readonly speed: number;
  /** The fields behind a request line, with the end of the head; and those with an empty body. */
  readonly fields: Uint8Array;
  readonly fieldsOfEmpty: Uint8Array;
}

/** How https connections are made. */
export interface TlsPlan {
  /** False: any certificate is accepted. */
  readonly verify: boolean;
  /** PEM files; null: none, or the system's trusted CAs. */
  readonly caFile: string | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
  /** `TLSv1.2`; null: our default. */
  readonly minimumVersion: string | null;
  /** Resume the last session of the name instead of a full handshake. */
  readonly resume: boolean;
}

export interface ScriptPlan {
  /** The module's path, as the user named it. */
  readonly name: string;
  /** The URL, then the arguments after `--`. */
  readonly args: readonly string[];
  /** Initial fields of the `wrk` object. */
  readonly wrk: WrkFields;
  /** `ip:port` that `setup` chose for this thread; null: the URL's. */
  readonly address: string | null;
  /** A report goes to stdout, so that what the script prints goes to stderr. */
  readonly stdoutTaken: boolean;
  /** Global variables that `setup` gave to this thread. */
  readonly variables: Record<string, unknown>;
}

/** The plain fields of wrk's `wrk` table. */
export interface WrkFields {
  readonly scheme: string;
  readonly host: string;
  readonly port: number | null;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
}

/** One count of the error table. */
export interface FailureCount {
  readonly kind: string;
  /** errno name, `EEOF`, the codec's name of a fault, or a status. */
  readonly code: string;
  readonly count: number;
}

/** What a thread reports at its end, besides its shared counters. */
export interface ThreadOutcome {
  readonly failures: readonly FailureCount[];
  /** Measured time in milliseconds. */
  readonly measuredMs: number;
  /** Loopback addresses used besides the one that the kernel chooses. */
  readonly autoSources: number;
  /** Complete responses by the value of `groupBy`; null: not counted. */
  readonly answerCounts: Readonly<Record<string, number>> | null;
  /** The script's global variables at the end. */
  readonly variables: Record<string, unknown>;
}

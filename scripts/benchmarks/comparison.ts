/** The parts of a comparison. Each comparison is a small declarative file in `comparisons/`. */
import type { Address } from "../../mod/base/address.ts";

export type Transport = "tcp" | "unix";

/** A value for both transports, or one for each; null: none. */
export type PerTransport<T> = T | Readonly<Record<Transport, T | null>>;

/** The target of a client. */
export interface Target {
  readonly address: Address;
  readonly isTls: boolean;
  /** The folder with the client's own files. */
  readonly folder: string;
}

/** PEM files for a TLS listener: P-256, the cheapest curve that all programs here support. */
export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Both in one, as HAProxy wants them. */
  readonly pairFile: string;
}

/** What a server needs for its start. */
export interface Place {
  /** A temporary folder for this server only. */
  readonly folder: string;
  /** The address to listen on. */
  readonly address: Address;
  /** The upstream of a proxy: the address of one of the comparison's `upstreams`. */
  readonly upstream: Address | null;
  /** The listener's certificate; null: plain HTTP. */
  readonly certificate: Certificate | null;
  /** Connections that the client opens: servers need as many slots and idle upstream connections. */
  readonly connections: number;
}

/** A server program, as a contender, as the target of client contenders, or as an upstream. */
export interface ServerSpec {
  /** Name in the table. */
  readonly name: string;
  /** The program that must be installed; `hayate` means dist/hayate. */
  readonly program: string;
  /** Files to write to the place's folder first, by name. */
  files?(place: Place): Readonly<Record<string, string>>;
  /** Arguments to run in the foreground with one worker and no access log. */
  args(place: Place): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its own client, where a common one would be unfair; default: the comparison's. */
  readonly driver?: ClientSpec;
  /** The system calls that cannot be avoided and nothing else: a measure, not another contender. */
  readonly isFloor?: boolean;
  /** Its figures are shown, and do not count for the goal. */
  readonly isAside?: boolean;
  /**
   * Goal for our requests per CPU-second beside this one alone, as a multiple of its own. Absent: it
   * has none but the comparison's.
   */
  readonly goal?: number;
}

/** A load generator. Its output has wrk's layout, or h2load's. */
export interface ClientSpec {
  readonly name: string;
  readonly program: string;
  readonly transports: readonly Transport[];
  /** Files to write to the target's folder first, by name. */
  readonly files?: Readonly<Record<string, string>>;
  args(target: Target, connections: number, seconds: number): readonly string[];
  /**
   * Arguments of a run that only starts and ends. Its CPU time is subtracted from the other runs, so
   * that the start, a one-time cost, does not weigh more in a short run than in a long one. Absent:
   * the start is negligible.
   */
  startArgs?(target: Target): readonly string[];
  /** As for a server. */
  readonly isFloor?: boolean;
  readonly isAside?: boolean;
}

interface Named {
  /** For `--only`. */
  readonly name: string;
  /** One line above the rows. */
  readonly title: string;
  /** A headline: also run with `--quick`. */
  readonly isCore: boolean;
}

interface Common extends Named {
  readonly transports: readonly Transport[];
  /** Numbers of connections, one row each; `--quick` uses the first. */
  readonly connections: readonly number[];
  /** Shorter runs would not be comparable: clients that V8 compiles start again in each run. */
  readonly secondsMin?: number;
  /** Requests before the first run, in seconds of their own; default: those of one second. */
  readonly warmUpRequests?: number;
  /**
   * Bytes of a large body. Answers are then counted by what was received, because those under way at
   * the end of a run have cost their part.
   */
  readonly bodyBytes?: number;
  /** True: client and server use TLS; a proxy's upstream does not. */
  readonly isTls?: boolean;
  /** Packages of npm that the servers' files import, and their versions. */
  readonly packages?: Readonly<Record<string, string>>;
  /**
   * Goal for our requests per CPU-second, as a multiple of the best other contender's. Absent: no
   * goal.
   */
  readonly goal?: PerTransport<number>;
  /** The goal is beside peers with our own OpenSSL: newer ones have a newer one, and stand aside. */
  readonly hasSameLibrary?: boolean;
  /** Goal for our CPU time per request, as a multiple of the floor's: at most this. */
  readonly floorGoal?: PerTransport<number>;
}

/** Different clients against one server: the client's CPU counts. */
export interface ClientComparison extends Common {
  readonly judged: "client";
  /** The server: the first of these whose program is installed. */
  readonly targets: readonly ServerSpec[];
  /** Ours first, then those to compare with. */
  readonly contenders: readonly ClientSpec[];
}

/** Different servers under one client: the server's CPU counts. */
export interface ServerComparison extends Common {
  readonly judged: "server";
  /** What a proxy forwards to: the first of these whose program is installed. */
  readonly upstreams?: readonly ServerSpec[];
  /** The client; default: wrk over TCP, hayate load over unix sockets, with varied heads. */
  readonly driver?: PerTransport<ClientSpec>;
  readonly contenders: readonly ServerSpec[];
}

/** Maximum of a gauge. */
export type GaugeGoal =
  /** In the gauge's unit. */
  | { readonly max: number }
  /** As a multiple of the value of the contender `beside`; absent: of the best other's. */
  | { readonly ratioMax: number; readonly beside?: string };

/** One row of a gauge comparison. */
export interface GaugeSetting {
  readonly text: string;
  /** null: the others' figures are the measure. */
  readonly goal: GaugeGoal | null;
  /** About how many seconds it takes, to announce the duration of the whole run. */
  secondsFor(effort: Effort): number;
  /** Returns each contender's samples, or why it could not take part. Ours first. */
  measure(conditions: GaugeConditions): Promise<readonly GaugeContender[]>;
}

export interface GaugeContender {
  readonly name: string;
  /** In the gauge's unit, one per run; empty when it could not take part. */
  readonly samples: readonly number[];
  readonly missing: string | null;
  /** A remark to print with the figure. */
  readonly note?: string;
}

/** How thoroughly to measure. */
export interface Effort {
  readonly seconds: number;
  readonly runs: number;
  /** A first impression is enough: gauges with their own duration or number of runs use less. */
  readonly quick: boolean;
}

export interface GaugeConditions {
  readonly effort: Effort;
  readonly progress: (text: string) => void;
}

/** A figure other than throughput, such as milliseconds or megabytes; less is better. */
export interface GaugeComparison extends Named {
  readonly judged: "gauge";
  readonly unit: string;
  /** The programs to compare with. */
  readonly programs: readonly string[];
  readonly settings: readonly GaugeSetting[];
}

export type ThroughputComparison = ClientComparison | ServerComparison;

/** How the cost of a request grows with one number: a row for each value, one picture for all. */
export interface GrowthComparison extends Named {
  readonly judged: "growth";
  /** What the values count, for the picture's axis. */
  readonly axis: string;
  /** In ascending order; `--quick` uses the first and the last. */
  readonly values: readonly number[];
  /** The largest value that this machine allows; larger ones become it. */
  valuesMax?(): number;
  /** The comparison at one value, with one transport and one number of connections. */
  at(value: number): ServerComparison;
}

export type Comparison = ThroughputComparison | GaugeComparison | GrowthComparison;

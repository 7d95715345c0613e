/** What a comparison is made of. Each one is a small file in `comparisons/` that only declares. */
import type { Address } from "../../mod/base/address.ts";

export type Transport = "tcp" | "unix";

/** What a client loads. */
export interface Target {
  readonly address: Address;
  readonly isTls: boolean;
}

/** PEM files for a TLS listener: P-256, the cheapest that every program here knows. */
export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** What a server needs to know to be started. */
export interface Place {
  /** A temporary folder of this server's own. */
  readonly folder: string;
  /** Where it has to listen. */
  readonly address: Address;
  /** Where a proxy's requests go; the address of `upstream` of the comparison. */
  readonly upstream: Address | null;
  /** What the listener has to present; null: it speaks plain HTTP. */
  readonly certificate: Certificate | null;
  /** Connections that the client will open: no server may be short of slots or of idle upstreams. */
  readonly connections: number;
}

/** A server program, as a contender, as the target of client contenders, or as an upstream. */
export interface ServerSpec {
  /** Shown in the table. */
  readonly name: string;
  /** The program that must be installed; `hayate` stands for dist/hayate. */
  readonly program: string;
  /** Files to write into the place's folder first, by name. */
  files?(place: Place): Readonly<Record<string, string>>;
  /** Arguments that keep it in the foreground with one worker and no access log. */
  args(place: Place): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its own client, where one for all would be unfair; else the comparison's. */
  readonly driver?: ClientSpec;
}

/** A load generator. Its output has wrk's layout. */
export interface ClientSpec {
  readonly name: string;
  readonly program: string;
  readonly transports: readonly Transport[];
  args(target: Target, connections: number, seconds: number): readonly string[];
  /**
   * Arguments of a run that does nothing but start and end. Its CPU time is taken off the others, so
   * that the start, which a user pays once, does not weigh more in a short run than in a long one.
   * None: the start is not worth measuring.
   */
  startArgs?(target: Target): readonly string[];
}

interface Named {
  /** For `--only`. */
  readonly name: string;
  /** One line above the rows. */
  readonly title: string;
  /** `--quick` runs it, too. */
  readonly isCore: boolean;
}

interface Common extends Named {
  readonly transports: readonly Transport[];
  /** Numbers of connections, one row each; `--quick` takes the first. */
  readonly connections: readonly number[];
  /** True: client and server speak TLS; a proxy's upstream does not. */
  readonly isTls?: boolean;
  /**
   * Requests per CPU-second that ours has to have, as a multiple of the best of the others. None:
   * nothing was promised.
   */
  readonly goal?: number | Readonly<Record<Transport, number | null>>;
}

/** Different clients against one server: the client's CPU counts. */
export interface ClientComparison extends Common {
  readonly judged: "client";
  readonly target: ServerSpec;
  /** Ours first; the others are what it is compared with. */
  readonly contenders: readonly ClientSpec[];
}

/** Different servers under one client: the server's CPU counts. */
export interface ServerComparison extends Common {
  readonly judged: "server";
  /** What a proxy forwards to. */
  readonly upstream?: ServerSpec;
  /** The client; by default wrk over TCP, hayate load over unix sockets. */
  readonly driver?: ClientSpec;
  readonly contenders: readonly ServerSpec[];
}

/** What one gauge has to be at most. */
export type GaugeGoal =
  /** In the gauge's unit. */
  | { readonly max: number }
  /** As a multiple of the best of the others. */
  | { readonly ratioMax: number };

/** One row of a gauge comparison. */
export interface GaugeSetting {
  readonly text: string;
  readonly goal: GaugeGoal;
  /** Ours first. The samples of each, and why one did not take part. */
  measure(conditions: GaugeConditions): Promise<readonly GaugeContender[]>;
}

export interface GaugeContender {
  readonly name: string;
  /** In the gauge's unit, one a run; empty when it could not take part. */
  readonly samples: readonly number[];
  readonly missing: string | null;
  /** Something a reader has to know beside the figure. */
  readonly note?: string;
}

/** How much trouble to take. */
export interface Effort {
  readonly seconds: number;
  readonly runs: number;
  /** A first impression will do: what takes its own time or number of runs takes less. */
  readonly quick: boolean;
}

export interface GaugeConditions {
  readonly effort: Effort;
  readonly progress: (text: string) => void;
}

/** One figure that is not a throughput, such as milliseconds or megabytes; less is better. */
export interface GaugeComparison extends Named {
  readonly judged: "gauge";
  readonly unit: string;
  /** Whom it is beside. */
  readonly programs: readonly string[];
  readonly settings: readonly GaugeSetting[];
}

export type ThroughputComparison = ClientComparison | ServerComparison;
export type Comparison = ThroughputComparison | GaugeComparison;

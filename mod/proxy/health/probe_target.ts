/** What a probe is sent to, and how its result is reported. */
import type { Address } from "../../base/address.ts";
import type { HostAddress } from "../../config/mod.ts";
import type { CheckPlan } from "../plan/check_plan.ts";
import type { ProbeFault } from "./check_state.ts";

/** Result of a probe; null: the peer is alive. */
export type ProbeResult = ProbeFault | null;

/** The target of a probe, and how to probe it. */
export interface ProbeTarget {
  /** The server's address or name, with the check's port. */
  readonly address: HostAddress;
  /** Addresses to try in order until one connects; empty: none is known. */
  readonly addresses: readonly Address[];
  readonly check: CheckPlan;
  readonly upstream: string;
  /** The server as configured. */
  readonly server: string;
  /** Requests to the server use TLS; type=grpc does then, too. */
  readonly isSecure: boolean;
  /** Server name for TLS (SNI and verification). */
  readonly serverName: string;
}

/** Called with a probe's result; `note` is an explanation for the log, or "". */
export type ProbeListener = (result: ProbeResult, note?: string) => void;

/** Sends probes; replaceable in tests. */
export interface ProbeTransport {
  /** Calls `onResult` once, asynchronously. Returns a function that cancels probe and call. */
  probe(target: ProbeTarget, onResult: ProbeListener): () => void;
}

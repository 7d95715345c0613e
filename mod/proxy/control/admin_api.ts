/** Applies operators' changes, and holds the data for the pages, metrics and API. */
import { Peer } from "../balance/peer.ts";
import type { CertificateStatus } from "../../acme/store/certificate_status.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { EngineMetrics } from "../engine/records/engine_metrics.ts";
import type { Checker } from "../health/checker.ts";
import type { GenerationReport } from "../../process/handover/generation_report.ts";
import type { Health } from "../../probes/health.ts";
import { type ChangeLog, describeChange } from "./change_log.ts";
import { type CheckView, type ServerChange, serverView } from "./peer_view.ts";
import { unreadyUpstream } from "./readiness.ts";

/** One process that serves clients. */
export interface WorkerView {
  readonly pid: number;
  readonly accepted: number;
  readonly connections: number;
  readonly requests: number;
  /** Exchanges with upstreams in progress. */
  readonly current: number;
}

export interface AdminApiParts {
  readonly groups: readonly PeerGroup[];
  readonly checker: Checker;
  readonly metrics: EngineMetrics;
  readonly generation: number;
  readonly workers: number;
  /** Why this process should get no requests now; null: it is ready. */
  unready(): string | null;
  nowMs(): number;
  idleCount(group: PeerGroup): number;
  /** Called before counters are read, to update them. */
  refresh?(): void;
  /** Of a master: its workers, and the number of restarts. Absent where the process itself serves. */
  workerViews?(): readonly WorkerView[];
  respawned?(): number;
  /** What the supervisor tells of its generations; null: there is none, or it tells nothing. */
  supervisor?(): GenerationReport | null;
  /** Those that are served. */
  certificates?(): readonly CertificateStatus[];
  readonly changes: ChangeLog;
  /** Called after each change. */
  onChange(group: PeerGroup): void;
  /** Resolves when a change has reached every worker; null: changes apply immediately. */
  readonly settled: (() => Promise<void>) | null;
}

export class AdminApi implements Health {
  readonly startedAtMs = Date.now();

  constructor(readonly parts: AdminApiParts) {}

  /** Updates the counters. */
  refresh(): void {
    this.parts.refresh?.();
  }

  /** See `Health`; `?upstream=NAME` also asks for a server of that upstream. */
  unready(query: string): string | null {
    const { groups } = this.parts;
    // A master knows from its workers which servers they have taken out.
    if (query !== "") this.refresh();
    return this.parts.unready() ?? unreadyUpstream(groups, query, this.parts.nowMs());
  }

  group(name: string): PeerGroup | null {
    return this.parts.groups.find((group) => group.plan.name === name) ?? null;
  }

  checkOf(peer: Peer): CheckView | null {
    return this.parts.checker.viewOf(peer);
  }

  /** Adds a server; its address is known to be resolved. `who` asks for it, here and below. */
  add(group: PeerGroup, change: ServerChange, who: string): Peer {
    const peer = new Peer(change.server!, group.takeId());
    peer.change(change, this.parts.nowMs());
    group.replace([...group.peers, peer]);
    void this.parts.checker.add(group, peer);
    this.#note(who, group, peer, `added with weight ${peer.weight}`);
    this.parts.onChange(group);
    return peer;
  }

  change(group: PeerGroup, peer: Peer, change: ServerChange, who: string): void {
    const before = serverView(peer);
    peer.change(change, this.parts.nowMs());
    const what = describeChange(before, serverView(peer));
    if (what !== "") this.#note(who, group, peer, what);
    group.renameSessions();
    this.parts.onChange(group);
  }

  /** Removes a peer; its exchanges in progress finish normally. */
  remove(group: PeerGroup, peer: Peer, who: string): void {
    group.replace(group.peers.filter((other) => other !== peer));
    this.parts.checker.remove(peer);
    this.#note(who, group, peer, "removed");
    this.parts.onChange(group);
  }

  #note(who: string, group: PeerGroup, peer: Peer | null, what: string): void {
    const { name: upstream } = group.plan;
    this.parts.changes.note({ who, upstream, server: peer?.name ?? "", what, isRefused: false });
  }

  /** Sets the counters of a group to zero. */
  reset(group: PeerGroup, who: string): void {
    this.#note(who, group, null, "counters set to zero");
    group.retries = group.retriesDenied = 0;
    group.http2.clear();
    for (const peer of group.peers) {
      peer.requests =
        peer.failedRequests =
        peer.unavailableCount =
        peer.ejections =
          0;
      peer.headerTimeSumMs = peer.headerTimeCount = 0;
      peer.responses.fill(0);
      peer.tally.clear();
    }
  }
}

/**
 * What outlives a process: operators' changes of upstreams, and what the checks knew. One JSON
 * file, replaced as a whole, so that a reader never sees half of it.
 */
import type { Logger } from "../log/mod.ts";
import { Peer } from "./balance/peer.ts";
import type { PeerGroup } from "./balance/peer_group.ts";
import type { Checker, HealthState } from "./health/checker.ts";
import { applyState, peerStateOf, type UpstreamState } from "./workers/messages.ts";

interface SavedState {
  readonly version: 1;
  /** When the process that wrote it started: generations overlap, and the younger one has the file. */
  readonly startedAtMs: number;
  /** Only upstreams that an operator has changed: the others follow the configuration. */
  readonly upstreams: readonly UpstreamState[];
  readonly health: readonly HealthState[];
}

/** Probes change counters all the time; they are written this often at most, in milliseconds. */
const writeDelayMs = 500;

export class StateFile {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #changed: Set<string>;
  readonly #startedAtMs = Date.now();
  #timer = 0;
  #isStopped = false;

  /** `changed`: upstreams that an operator has changed; `restore` adds those of the file. */
  constructor(path: string, logger: Logger, changed: Set<string>) {
    this.#path = path;
    this.#logger = logger;
    this.#changed = changed;
  }

  /** Puts the saved state into groups and checks. A file that cannot be used is told and ignored. */
  restore(groups: readonly PeerGroup[], checker: Checker, nowMs: number): void {
    const saved = this.#read();
    if (saved === null) return;
    for (const { name, peers } of saved.upstreams) {
      const group = groups.find((one) => one.plan.name === name);
      if (group === undefined) continue;
      this.#changed.add(name);
      const before = group.peers;
      applyState(group, peers, nowMs);
      for (const peer of before) if (!group.peers.includes(peer)) checker.remove(peer);
      for (const peer of group.peers) {
        if (!before.includes(peer)) checker.adopt(group, peer as Peer);
      }
    }
    checker.restore(saved.health);
  }

  /** A probe has ended: its counters are written soon, a peer that went up or down at once. */
  noteProbe(groups: readonly PeerGroup[], checker: Checker, hasChanged: boolean): void {
    if (hasChanged) return this.write(groups, checker);
    if (this.#timer !== 0 || this.#isStopped) return;
    this.#timer = setTimeout(() => this.write(groups, checker), writeDelayMs);
  }

  /** No write from now on: the next generation has the file. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#isStopped = true;
  }

  /** Writes what is known now; after an operator's change at once. Failing is told; the proxy goes on. */
  write(groups: readonly PeerGroup[], checker: Checker): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#isStopped) return;
    const writerStartedAtMs = this.#read()?.startedAtMs ?? 0;
    // A time to come is a clock's that has been set back since.
    const isYounger = writerStartedAtMs > this.#startedAtMs && writerStartedAtMs <= Date.now();
    if (isYounger) return this.stop();
    const upstreams = groups.filter((group) => this.#changed.has(group.plan.name)).map((group) => ({
      name: group.plan.name,
      // What a name stands for is found out anew.
      peers: group.peers.filter(({ plan }) => plan.parent === undefined).map((peer) => {
        const { addresses: _, ...state } = peerStateOf(peer);
        return state;
      }),
    }));
    const startedAtMs = this.#startedAtMs;
    const saved: SavedState = {
      version: 1,
      startedAtMs,
      upstreams,
      health: checker.healthStates(),
    };
    const beside = `${this.#path}.${Deno.pid}`;
    try {
      Deno.writeTextFileSync(beside, `${JSON.stringify(saved)}\n`, { mode: 0o600 });
      Deno.renameSync(beside, this.#path);
    } catch (error) {
      this.#logger.error(`cannot write ${this.#path}: ${(error as Error).message}`);
    }
  }

  #read(): SavedState | null {
    let text: string;
    try {
      text = Deno.readTextFileSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        this.#logger.error(`cannot read ${this.#path}: ${(error as Error).message}`);
      }
      return null;
    }
    try {
      const saved: unknown = JSON.parse(text);
      if (isSavedState(saved)) return saved;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    this.#logger.error(`${this.#path} is no state of ours; it is ignored and will be replaced`);
    return null;
  }
}

function isSavedState(value: unknown): value is SavedState {
  const state = value as SavedState | null;
  return state?.version === 1 && Array.isArray(state.upstreams) && Array.isArray(state.health) &&
    state.upstreams.every((one) => typeof one?.name === "string" && arePeers(one.peers)) &&
    state.health.every((one) => typeof one?.key === "string");
}

function arePeers(peers: unknown): boolean {
  return Array.isArray(peers) &&
    peers.every((peer) => typeof peer?.plan?.name === "string" && peer.plan.address?.kind);
}

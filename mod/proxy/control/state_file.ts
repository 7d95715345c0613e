/**
 * State that outlives a process: operators' changes of upstreams, the list of the last changes, and
 * the peers' health. One JSON file, replaced as a whole, so that a reader never sees a part of it.
 */
import { askToReplace, readText as readParentText } from "../../process/privileges/parent_files.ts";
import { systemReason } from "../../base/errors.ts";
import {
  amount,
  count,
  flag,
  list,
  oneOf,
  optional,
  readShaped,
  record,
  type Shape,
  text,
} from "../../base/shape.ts";
import type { Logger } from "../../log/mod.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import { upstreamStates } from "../balance/peer_shapes.ts";
import type { Checker, HealthState } from "../health/checker.ts";
import { type ChangeLog, type ChangeRecord, changeRecords } from "./change_log.ts";
import { applyState, peerStateOf, type UpstreamState } from "../balance/peer_state.ts";

interface SavedState {
  readonly version: 1;
  /** Start of the process that wrote it: generations overlap, and the younger one owns the file. */
  readonly startedAtMs: number;
  /** Only upstreams that an operator has changed; the others follow the configuration. */
  readonly upstreams: readonly UpstreamState[];
  readonly health: readonly HealthState[];
  /** Absent in files of earlier versions. */
  readonly changes?: readonly ChangeRecord[];
}

const healthState = record<HealthState>({ key: text, isDown: flag, rise: count, fall: count });

const savedState: Shape = record<SavedState>({
  version: oneOf(1),
  startedAtMs: amount,
  upstreams: upstreamStates,
  health: list(healthState),
  changes: optional(changeRecords),
});

/** Probes change counters all the time; these are written at most this often, in milliseconds. */
const writeDelayMs = 500;

export class StateFile {
  readonly #path: string;
  readonly #logger: Pick<Logger, "error">;
  readonly #readText: (path: string) => string;
  /** Stamp of the file as this process wrote it: while it matches, no other process has written. */
  #writtenStamp = "";
  readonly #changed: Set<string>;
  readonly #changes: ChangeLog;
  readonly #startedAtMs = Date.now();
  #complaint = "";
  #timer = 0;
  #isStopped = false;

  /**
   * `changed`: upstreams that an operator has changed. `changes`: what was changed when. `restore`
   * adds those of the file.
   */
  constructor(
    path: string,
    logger: Pick<Logger, "error">,
    changed: Set<string>,
    changes: ChangeLog,
    readText: (path: string) => string = readParentText,
  ) {
    this.#path = path;
    this.#readText = readText;
    this.#logger = logger;
    this.#changed = changed;
    this.#changes = changes;
  }

  /** Applies the saved state to groups and checks. Logs and ignores an unusable file. */
  restore(groups: readonly PeerGroup[], checker: Checker, nowMs: number): void {
    const saved = this.#read();
    if (saved === null) return;
    for (const { name, peers } of saved.upstreams) {
      const group = groups.find((one) => one.plan.name === name);
      if (group === undefined) continue;
      this.#changed.add(name);
      const before = group.peers;
      applyState(group, peers, nowMs);
      const kept = new Set(group.peers);
      for (const peer of before) if (!kept.has(peer)) checker.remove(peer);
      const known = new Set(before);
      for (const peer of group.peers) if (!known.has(peer)) checker.adopt(group, peer);
      checker.reassert(group);
    }
    checker.restore(saved.health);
    this.#changes.restore(saved.changes ?? []);
  }

  /** Call when a probe has ended. Writes changes of health at once, counters after a delay. */
  noteProbe(groups: readonly PeerGroup[], checker: Checker, hasChanged: boolean): void {
    if (hasChanged) return this.write(groups, checker);
    if (this.#timer !== 0 || this.#isStopped) return;
    this.#timer = setTimeout(() => this.write(groups, checker), writeDelayMs);
  }

  /** Stops writing: the next generation owns the file. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#isStopped = true;
  }

  /** Writes the state now, as after an operator's change. A failure is only logged. */
  write(groups: readonly PeerGroup[], checker: Checker): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#isStopped) return;
    // With thousands of peers the file has megabytes, so it is read back only when needed.
    const isOurs = this.#writtenStamp !== "" && stampOf(this.#path) === this.#writtenStamp;
    const writerStartedAtMs = isOurs ? 0 : this.#read()?.startedAtMs ?? 0;
    // A start in the future means that the clock has been set back since.
    const isYounger = writerStartedAtMs > this.#startedAtMs && writerStartedAtMs <= Date.now();
    if (isYounger) return this.stop();
    const upstreams = groups.filter((group) => this.#changed.has(group.plan.name)).map((group) => ({
      name: group.plan.name,
      // Peers that came from a name are left out: the name is looked up again.
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
      changes: this.#changes.records,
    };
    const text = `${JSON.stringify(saved)}\n`;
    try {
      this.#replace(text);
    } catch (error) {
      const isRefused = error instanceof Deno.errors.PermissionDenied;
      if (isRefused && askToReplace(this.#path, text)) this.#writtenStamp = "";
      else this.#logger.error(`cannot write ${this.#path}: ${systemReason(error)}`);
    }
  }

  #replace(text: string): void {
    const beside = `${this.#path}.${Deno.pid}`;
    Deno.writeTextFileSync(beside, text, { mode: 0o600 });
    this.#writtenStamp = stampOf(beside);
    Deno.renameSync(beside, this.#path);
  }

  /** Logs each reason once, since the file is also read before writes. */
  #complain(line: string): void {
    if (line !== this.#complaint) this.#logger.error(line);
    this.#complaint = line;
  }

  #read(): SavedState | null {
    let text: string;
    try {
      text = this.#readText(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        this.#complain(`cannot read ${this.#path}: ${systemReason(error)}`);
      }
      return null;
    }
    const saved = readShaped<SavedState>(text, savedState, "its content");
    if (typeof saved !== "string") return saved.value;
    this.#complain(
      `${this.#path} is not a state file of this version: ${saved}; it is ignored and will be replaced`,
    );
    return null;
  }
}

/** Identifies one written version of the file; "" when there is no readable file. */
function stampOf(path: string): string {
  try {
    const { dev, ino, mtime } = Deno.statSync(path);
    return `${dev} ${ino} ${mtime?.getTime()}`;
  } catch {
    return "";
  }
}

/** State files that are valid JSON with invalid content. */
import { shapeFaultOf } from "../../mod/base/shape.ts";
import { ChangeLog, type ChangeRecord, changesMax } from "../../mod/proxy/control/change_log.ts";
import { StateFile } from "../../mod/proxy/control/state_file.ts";
import { upstreamStates } from "../../mod/proxy/balance/peer_shapes.ts";
import { peerStateOf } from "../../mod/proxy/balance/peer_state.ts";
import { mutateJson, mutateText } from "./json_mutator.ts";
import { PeerHome } from "./peer_home.ts";
import type { Random } from "./random.ts";

/** More than are kept. */
const sampleChanges: readonly ChangeRecord[] = Array.from(
  { length: changesMax + 1 },
  (_, at) => ({
    atMs: at,
    who: "root",
    upstream: "app",
    server: "10.0.0.1:80",
    what: "drained",
    isRefused: false,
  }),
);

/** The state file of a proxy whose operator has changed every upstream. */
function sample(): unknown {
  const { groups, checker } = new PeerHome();
  const upstreams = groups.map((group) => ({
    name: group.plan.name,
    peers: group.peers.map(peerStateOf),
  }));
  const health = checker.healthStates();
  const saved = { version: 1, startedAtMs: 1, upstreams, health, changes: sampleChanges };
  return JSON.parse(JSON.stringify(saved));
}

export class StateFuzzer {
  readonly #random: Random;
  readonly #sample = sample();
  acceptedCount = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Restores one mutated file. Throws on a fault, with the seed and the file's text. */
  step(): void {
    const text = mutateText(this.#random, JSON.stringify(mutateJson(this.#random, this.#sample)));
    try {
      this.#check(text);
    } catch (error) {
      const reason = `seed ${this.#random.seed}: ${String(error)}\n${text}`;
      throw new Error(reason, { cause: error });
    }
  }

  #check(text: string): void {
    const home = new PeerHome();
    const before = home.snapshot();
    const lines: string[] = [];
    const logger = { error: (line: string) => void lines.push(line) };
    const path = "state.json";
    const changes = new ChangeLog();
    const file = new StateFile(path, logger, new Set(), changes, () => text);
    file.restore(home.groups, home.checker, 1000);
    home.exercise();
    if (lines.length > 1) throw new Error(`${lines.length} lines for one file`);
    if (lines.length === 1) {
      if (!lines[0].includes(path) || lines[0].trimEnd().includes("\n")) throw new Error(lines[0]);
      if (home.snapshot() !== before) throw new Error("a broken file has changed something");
      return;
    }
    if (changes.records.length > changesMax) throw new Error("too many changes are kept");
    this.acceptedCount++;
    for (const { plan, peers } of home.groups) {
      const fault = shapeFaultOf(
        [{ name: plan.name, peers: peers.map(peerStateOf) }],
        upstreamStates,
      );
      if (fault !== null) throw new Error(fault);
    }
  }
}

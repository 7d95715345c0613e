/** Upstreams with a checker and an API, as in a process, but without sockets. */
import { AdminApi } from "../../mod/proxy/control/admin_api.ts";
import { ChangeLog } from "../../mod/proxy/control/change_log.ts";
import type { PeerGroup } from "../../mod/proxy/balance/peer_group.ts";
import { checkDefaults } from "../../mod/proxy/directives/upstream/check_line.ts";
import { EngineMetrics } from "../../mod/proxy/engine/records/engine_metrics.ts";
import { Checker, type CheckerParts } from "../../mod/proxy/health/checker.ts";
import { peerStateOf } from "../../mod/proxy/balance/peer_state.ts";
import { choiceOf, groupOf } from "../unit/proxy/balance/groups.ts";

const checkerParts = {
  transport: { probe: () => () => {} },
  setTimer: () => 0,
  clearTimer: () => {},
  nowMs: () => 0,
  random: () => 0,
  log: () => {},
} as unknown as CheckerParts;

export class PeerHome {
  readonly groups: readonly PeerGroup[] = [
    groupOf(["10.0.0.1:80", "10.0.0.2:80 weight=2 route=b", "unix:/run/c.sock backup"]),
    groupOf(["10.0.0.1:80", "10.0.0.2:80"], { name: "checked", check: checkDefaults }),
    groupOf(["10.0.0.1:80"], {
      name: "hashed",
      balance: { kind: "hash", key: "$uri", consistent: true },
    }),
  ];
  readonly checker = new Checker(this.groups, checkerParts);
  readonly admin = new AdminApi({
    groups: this.groups,
    checker: this.checker,
    metrics: new EngineMetrics(),
    generation: 1,
    workers: 1,
    unready: () => null,
    nowMs: () => 0,
    idleCount: () => 0,
    changes: new ChangeLog(),
    onChange: () => {},
    settled: null,
  });

  /** Everything that an operator can change, as text. */
  snapshot(): string {
    return JSON.stringify(this.groups.map((group) => group.peers.map(peerStateOf)));
  }

  /** Uses peers as requests do, to detect broken ones. */
  exercise(): void {
    for (const group of this.groups) {
      for (let i = 0; i < 3; i++) group.choose(choiceOf({ key: `/${i}` }));
    }
    this.checker.rows();
    this.checker.healthStates();
  }
}

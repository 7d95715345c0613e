/** The certificates of `acme`, over all plans of one process. Workers only read its folder. */
import { StartError } from "../base/errors.ts";
import { type CertificateNeeds, Certificates, fillGaps } from "../acme/certificates.ts";
import type { ChallengeType } from "../acme/client/order.ts";
import { chooseState, type ChosenState } from "../acme/store/choose_state.ts";
import { StateFolder } from "../acme/store/state_folder.ts";
import type { Logger } from "../log/mod.ts";
import type { Reactor } from "../net/reactor.ts";
import { getVariable, setVariable } from "../process/environment.ts";
import { challengesOf } from "./plan/challenges.ts";
import type { ProxyPlan } from "./plan/plan.ts";

/** Tells workers the folder that the master has chosen. */
const folderVariable = "HAYATE_ACME_FOLDER";

export class ManagedCertificates {
  readonly #logger: Logger;
  readonly #isWorker: boolean;
  #isStopped = false;
  #running: { readonly path: string; readonly certificates: Certificates } | null = null;
  /** By the value of `state`. */
  readonly #chosen = new Map<string, ChosenState>();

  constructor(logger: Logger, isWorker: boolean) {
    this.#logger = logger;
    this.#isWorker = isWorker;
  }

  /**
   * Returns `plan` with the folder of its certificates, in which each name has one that can be
   * served. Throws `StartError`.
   */
  async prepare(plan: ProxyPlan): Promise<ProxyPlan> {
    const { acme } = plan.global;
    if (acme === null || namesOf(plan.listeners).length === 0) return plan;
    const folder = this.#isWorker ? getVariable(folderVariable) : this.#choose(acme.state).path;
    if (folder === undefined) throw new StartError("acme: the master has chosen no folder");
    const ready = { ...plan, global: { ...plan.global, acme: { ...acme, folder } } };
    if (this.#isWorker) return ready;
    setVariable(folderVariable, folder);
    const filled = await fillGaps(new StateFolder(folder), needsOf(ready), Date.now());
    if (filled.length > 0) {
      const names = filled.join(", ");
      this.#logger.warn(`acme: a self-signed certificate is served until the CA's: ${names}`);
    }
    return ready;
  }

  /** The plan is in force: its certificates are ordered and renewed from now on. */
  use(plan: ProxyPlan, reactor: Reactor): void {
    if (this.#isWorker || this.#isStopped) return;
    const path = plan.global.acme?.folder ?? null;
    const orders = path !== null && this.#chosen.get(plan.global.acme!.state)?.mayOrder === true;
    if (orders && this.#running?.path === path) {
      return this.#running.certificates.update(needsOf(plan));
    }
    this.#running?.certificates.stop();
    this.#running = orders ? { path, certificates: this.#start(path, plan, reactor) } : null;
  }

  /**
   * Orders nothing more. Call it before the sockets are closed: a CA that is refused there has found
   * a fault, and an order that we end has not.
   */
  stop(): void {
    this.#isStopped = true;
    this.#running?.certificates.stop();
    this.#running = null;
  }

  /** As `stop`, and forgets what was kept in memory. */
  dispose(): void {
    this.stop();
    for (const chosen of this.#chosen.values()) chosen.dispose();
    this.#chosen.clear();
  }

  #start(path: string, plan: ProxyPlan, reactor: Reactor): Certificates {
    const certificates = new Certificates(new StateFolder(path), needsOf(plan), {
      logger: this.#logger,
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
      nowMs: () => Date.now(),
      random: () => Math.random(),
    });
    certificates.start();
    return certificates;
  }

  /** The state folder; one in memory stays the same over reloads. */
  #choose(state: string): ChosenState {
    let chosen = this.#chosen.get(state);
    if (chosen === undefined || chosen.fault !== null) {
      chosen?.dispose();
      chosen = chooseState(state);
      this.#chosen.set(state, chosen);
    }
    if (chosen.fault !== null) this.#logger.error(chosen.fault);
    return chosen;
  }
}

function namesOf(listeners: ProxyPlan["listeners"]): readonly string[] {
  return [...new Set(listeners.flatMap(({ managedNames }) => managedNames))];
}

function needsOf({ global, listeners }: ProxyPlan): CertificateNeeds {
  const acme = global.acme!;
  const views = listeners.map(({ address, tls, managedNames }) => ({
    address,
    isTls: tls !== null,
    isManaged: managedNames.length > 0,
  }));
  const reachable = challengesOf(acme, views);
  // Behind a supervisor, whose sockets may be other ones than the file says.
  const challenges: readonly ChallengeType[] = reachable.length > 0
    ? reachable
    : ["http-01", "tls-alpn-01"];
  return { settings: acme, names: namesOf(listeners), challenges };
}

/** The certificates of `acme`, over all plans of one process. Workers only read its folder. */
import { StartError } from "../base/errors.ts";
import { type CertificateNeeds, Certificates, fillGaps } from "../acme/certificates.ts";
import type { ChallengeType } from "../acme/client/order.ts";
import { chooseState, type ChosenState } from "../acme/store/choose_state.ts";
import { StateFolder } from "../acme/store/state_folder.ts";
import type { Logger } from "../log/mod.ts";
import type { Reactor } from "../net/reactor.ts";
import { dropVariable, getVariable, setVariable } from "../process/environment.ts";
import { bothIn, keepPair, openPair, pemOf } from "../tls/kept_pair.ts";
import { makeSelfSigned } from "../tls/self_signed.ts";
import type { CertificateFiles } from "../tls/server_context.ts";
import { hasManagedNames } from "./certificates_on_demand.ts";
import { challengesOf } from "./plan/challenges.ts";
import type { AcmePlan, ProxyPlan } from "./plan/plan.ts";

/** Tell workers where the master has the certificates: a folder, or a pair for all names. */
const placeVariables = {
  folder: "HAYATE_ACME_FOLDER",
  standInFile: "HAYATE_ACME_PAIR",
  standInPem: "HAYATE_ACME_PAIR_PEM",
} as const;

export class ManagedCertificates {
  readonly #logger: Logger;
  readonly #isWorker: boolean;
  #isStopped = false;
  #running: { readonly path: string; readonly certificates: Certificates } | null = null;
  /** By the value of `state`. */
  readonly #chosen = new Map<string, ChosenState>();
  /** By their names, kept to the end: a worker before a reload has the file's path. */
  readonly #standIns = new Map<string, StandIn>();

  constructor(logger: Logger, isWorker: boolean) {
    this.#logger = logger;
    this.#isWorker = isWorker;
  }

  /** Returns `plan` with the place of its certificates, where each name has one to serve. */
  async prepare(plan: ProxyPlan): Promise<ProxyPlan> {
    if (!hasManagedNames(plan)) return plan;
    const acme = plan.global.acme!;
    const names = namesOf(plan.listeners);
    const place = this.#isWorker ? placeOfMaster() : this.#placeFor(names, acme.state);
    const ready = { ...plan, global: { ...plan.global, acme: { ...acme, ...place } } };
    if (this.#isWorker || place.folder === null) return ready;
    const filled = await fillGaps(new StateFolder(place.folder), needsOf(ready), Date.now());
    if (filled.length > 0) {
      const names = filled.join(", ");
      this.#logger.warn(`acme: a self-signed certificate is served until the CA's: ${names}`);
    }
    return ready;
  }

  /** The plan is in force: its certificates are ordered and renewed from now on. */
  use(plan: ProxyPlan, reactor: Reactor): void {
    if (this.#isWorker || this.#isStopped) return;
    const { folder: path = null, fault = null } = plan.global.acme ?? {};
    const orders = path !== null && fault === null;
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
    for (const standIn of this.#standIns.values()) standIn.dispose();
    this.#standIns.clear();
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

  #placeFor(names: readonly string[], state: string): Place {
    const { path, fault } = this.#choose(state);
    if (path !== null) {
      tellWorkers(placeVariables.folder, path);
      return { folder: path, standIn: null, fault };
    }
    const key = names.join(" ");
    let standIn = this.#standIns.get(key);
    if (standIn === undefined) this.#standIns.set(key, standIn = makeStandIn(names));
    tellWorkers(standIn.variable, standIn.text);
    return { folder: null, standIn: standIn.files, fault };
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

/** Where certificates are found; see `AcmePlan`. */
type Place = Pick<AcmePlan, "folder" | "standIn" | "fault">;

/** A self-signed pair for all names, and how workers are told. */
interface StandIn {
  readonly files: CertificateFiles;
  readonly variable: string;
  readonly text: string;
  dispose(): void;
}

function makeStandIn(names: readonly string[]): StandIn {
  const pem = pemOf(makeSelfSigned(names));
  const { path, dispose } = keepPair(pem);
  return path === null
    ? { files: openPair(pem), variable: placeVariables.standInPem, text: pem, dispose }
    : { files: bothIn(path), variable: placeVariables.standInFile, text: path, dispose };
}

/** Sets one of `placeVariables` and removes the others, which an earlier plan may have left. */
function tellWorkers(variable: string, text: string): void {
  for (const name of Object.values(placeVariables)) dropVariable(name);
  setVariable(variable, text);
}

/** Throws `StartError`. */
function placeOfMaster(): Place {
  const folder = getVariable(placeVariables.folder) ?? null;
  const file = getVariable(placeVariables.standInFile);
  const pem = getVariable(placeVariables.standInPem);
  dropVariable(placeVariables.standInPem);
  if (folder === null && !file && !pem) {
    throw new StartError("acme: the master has chosen no folder");
  }
  const standIn = file ? bothIn(file) : pem ? openPair(pem) : null;
  return { folder, standIn, fault: null };
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

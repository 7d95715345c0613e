/** Loads what orders certificates with the first plan that has names for it. */
import { stateInMemory } from "../acme/core/settings.ts";
import type { Logger } from "../log/mod.ts";
import type { Reactor } from "../net/reactor.ts";
import type { RunAs } from "../process/privileges/run_as.ts";
import type { ManagedCertificates } from "./managed_certificates.ts";
import type { ProxyPlan } from "./plan/plan.ts";

/** Whether `plan` has names whose certificates a CA is to give. */
export function hasManagedNames({ global, listeners }: ProxyPlan): boolean {
  return global.acme !== null && listeners.some(({ managedNames }) => managedNames.length > 0);
}

/** As `ManagedCertificates`, which does nothing before there is a name. */
export class CertificatesOnDemand {
  #managed: ManagedCertificates | null = null;
  #isStopped = false;

  constructor(readonly logger: Logger, readonly isWorker: boolean) {}

  async prepare(plan: ProxyPlan): Promise<ProxyPlan> {
    if (!hasManagedNames(plan)) return plan;
    const { ManagedCertificates } = await import("./managed_certificates.ts");
    const managed = this.#managed ??= new ManagedCertificates(this.logger, this.isWorker);
    // A stop may have come meanwhile.
    if (this.#isStopped) managed.stop();
    return await managed.prepare(plan);
  }

  /** Call it as root, before this process becomes the user that orders. */
  async handTo({ uid, gid }: RunAs, plan: ProxyPlan): Promise<void> {
    const state = plan.global.acme?.state ?? stateInMemory;
    if (!hasManagedNames(plan) || state === stateInMemory) return;
    const { handStateOver } = await import("../acme/store/hand_over.ts");
    handStateOver(state, uid, gid);
  }

  use(plan: ProxyPlan, reactor: Reactor): void {
    this.#managed?.use(plan, reactor);
  }

  stop(): void {
    this.#isStopped = true;
    this.#managed?.stop();
  }

  dispose(): void {
    this.stop();
    this.#managed?.dispose();
  }
}

/** Loads what orders certificates with the first plan that has names for it. */
import type { Logger } from "../log/mod.ts";
import type { Reactor } from "../net/reactor.ts";
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

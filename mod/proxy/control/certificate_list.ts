/** The certificates that a plan serves, as their files say. */
import {
  type CertificateStatus,
  fileStatus,
  managedStatus,
  standInStatus,
} from "../../acme/store/certificate_status.ts";
import { StateFolder } from "../../acme/store/state_folder.ts";
import type { InheritedTls } from "../../tls/appliance.ts";
import type { ProxyPlan } from "../plan/plan.ts";

/** The files change rarely, and an open page asks every two seconds. */
const keptMs = 10_000;

export class CertificateList {
  readonly #plan: ProxyPlan;
  readonly #tls: InheritedTls | null;
  #kept: readonly CertificateStatus[] = [];
  #readMs = -Infinity;

  /** `tls`: what the supervisor has set up for its sockets; null: nothing. */
  constructor(plan: ProxyPlan, tls: InheritedTls | null) {
    this.#plan = plan;
    this.#tls = tls;
  }

  /** At most ten seconds old. */
  read(nowMs: number): readonly CertificateStatus[] {
    if (nowMs - this.#readMs >= keptMs) {
      this.#kept = [...this.#managed(), ...this.#ordered(), ...this.#files()];
      this.#readMs = nowMs;
    }
    return this.#kept;
  }

  /** Those of `acme`. */
  #managed(): readonly CertificateStatus[] {
    const { global: { acme }, listeners } = this.#plan;
    const names = new Set(listeners.flatMap(({ managedNames }) => managedNames));
    if (acme === null || names.size === 0) return [];
    const { folder, standIn, fault } = acme;
    if (standIn !== null) return [standInStatus(standIn.certificateFile, fault ?? "")];
    return folder === null ? [] : inFolder(folder, names, fault);
  }

  /** Those of the supervisor's TLS_DOMAIN, or its one pair. */
  #ordered(): readonly CertificateStatus[] {
    if (this.#tls === null) return [];
    const { identities, challengeFolder, notOrdered } = this.#tls;
    const names = new Set(identities.flatMap((identity) => identity.names ?? []));
    if (challengeFolder !== null) {
      return inFolder(challengeFolder.replace(/\/[^/]*$/, ""), names, notOrdered);
    }
    const [{ certificates }] = identities;
    return certificates.map(({ certificateFile }) =>
      notOrdered === null ? fileStatus(certificateFile) : standInStatus(certificateFile, notOrdered)
    );
  }

  #files(): readonly CertificateStatus[] {
    const pairs = this.#plan.listeners.flatMap(({ tls, certificatesByHost }) => [
      ...tls?.certificates ?? [],
      ...certificatesByHost.flatMap(({ certificates }) => certificates),
    ]);
    return [...new Set(pairs.map(({ certificateFile }) => certificateFile))].map(fileStatus);
  }
}

function inFolder(
  path: string,
  names: ReadonlySet<string>,
  fault: string | null,
): readonly CertificateStatus[] {
  const folder = new StateFolder(path);
  return [...names].map((name) => managedStatus(folder, name, fault));
}

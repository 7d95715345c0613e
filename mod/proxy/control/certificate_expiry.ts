/** When the certificates of `acme` expire, as the files say that are served. */
import { StateFolder } from "../../acme/store/state_folder.ts";
import type { ProxyPlan } from "../plan/plan.ts";

export interface CertificateExpiry {
  readonly name: string;
  readonly notAfterMs: number;
}

/** Reads the files; empty without `acme`. */
export function certificateExpiries(
  { global, listeners }: ProxyPlan,
): readonly CertificateExpiry[] {
  const folder = global.acme?.folder ?? null;
  if (folder === null) return [];
  const names = new Set(listeners.flatMap(({ managedNames }) => managedNames));
  const state = new StateFolder(folder);
  return [...names].flatMap((name) => {
    const facts = state.readCertificate(name);
    return facts === null ? [] : [{ name, notAfterMs: facts.notAfterMs }];
  });
}

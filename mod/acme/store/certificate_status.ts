/** What there is to say of a certificate in use, for lists and pages. */
import { type CertificateFacts, readCertificate } from "../der/certificate.ts";
import { fromPem } from "../der/pem.ts";
import { readText } from "./read_text.ts";
import type { StateFolder } from "./state_folder.ts";

export interface CertificateStatus {
  /** Of one that cannot be read: the name that was asked for, or the file. */
  readonly names: readonly string[];
  /** null: the file is missing or damaged. */
  readonly issuer: string | null;
  readonly isSelfSigned: boolean;
  /** null: the file is missing or damaged. */
  readonly notAfterMs: number | null;
  /** For a CA's certificate, the time of the next order, which may have passed; null: not ordered. */
  readonly nextMs: number | null;
  /** Why the last order failed, or none is made; "" after a success, and if none is wanted. */
  readonly lastError: string;
  /** It comes from a CA, or is served until that has given one. */
  readonly isManaged: boolean;
}

/** A name whose certificates come from a CA. `fault`: why nothing is ordered; null: it is. */
export function managedStatus(
  folder: StateFolder,
  name: string,
  fault: string | null = null,
): CertificateStatus {
  const agenda = folder.findName(name);
  const nextMs = Math.max(agenda?.retryAtMs ?? 0, agenda?.renewAtMs ?? 0);
  return {
    ...statusOf(folder.readCertificate(name), name),
    names: [name],
    ...(fault === null
      ? { nextMs, lastError: agenda?.lastError ?? "" }
      : { nextMs: null, lastError: fault }),
    isManaged: true,
  };
}

/** A pair that serves for all its names, since none can be ordered. `fault`: why. */
export function standInStatus(file: string, fault: string): CertificateStatus {
  return { ...fileStatus(file), lastError: fault, isManaged: true };
}

/** A file of the user's: the first certificate in it. */
export function fileStatus(file: string): CertificateStatus {
  const [leaf] = fromPem("CERTIFICATE", readText(file) ?? "") ?? [];
  const facts = leaf === undefined ? null : readCertificate(leaf);
  return { ...statusOf(facts, file), nextMs: null, lastError: "", isManaged: false };
}

function statusOf(facts: CertificateFacts | null, otherwise: string) {
  return {
    names: facts === null || facts.names.length === 0 ? [otherwise] : facts.names,
    issuer: facts?.issuer ?? null,
    isSelfSigned: facts?.isSelfSigned ?? false,
    notAfterMs: facts?.notAfterMs ?? null,
  };
}

const dayMs = 86_400_000;

/** Whole days that are left; negative after the end; null for a certificate that cannot be read. */
export function daysLeft({ notAfterMs }: CertificateStatus, nowMs: number): number | null {
  return notAfterMs === null ? null : Math.floor((notAfterMs - nowMs) / dayMs);
}

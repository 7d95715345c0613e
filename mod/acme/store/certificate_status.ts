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
  /** Why the last order failed; "" after a success, or if none is made. */
  readonly lastError: string;
}

/** A name whose certificates come from a CA. */
export function managedStatus(folder: StateFolder, name: string): CertificateStatus {
  const agenda = folder.findName(name);
  return {
    ...statusOf(folder.readCertificate(name), name),
    names: [name],
    nextMs: Math.max(agenda?.retryAtMs ?? 0, agenda?.renewAtMs ?? 0),
    lastError: agenda?.lastError ?? "",
  };
}

/** A file of the user's: the first certificate in it. */
export function fileStatus(file: string): CertificateStatus {
  const [leaf] = fromPem("CERTIFICATE", readText(file) ?? "") ?? [];
  const facts = leaf === undefined ? null : readCertificate(leaf);
  return { ...statusOf(facts, file), nextMs: null, lastError: "" };
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

/** When the server wants a certificate renewed (ARI, RFC 9773). */
import { type CertificateFacts, renewalId } from "../der/certificate.ts";
import { AcmeFault } from "./fault.ts";
import { type AcmeSession, retryAfterMs } from "./session.ts";

export interface RenewalInfo {
  /** null: the server names no usable window. */
  readonly window: readonly [startMs: number, endMs: number] | null;
  readonly retryAfterMs: number | null;
}

/** A server without ARI gives no window and no fault. */
export async function renewalInfo(
  session: AcmeSession,
  facts: CertificateFacts,
): Promise<RenewalInfo | AcmeFault> {
  const base = session.urlOf("renewalInfo");
  const id = renewalId(facts);
  if (base === "" || id === null) return { window: null, retryAfterMs: null };
  const answer = await session.get(`${base}/${id}`);
  if (answer instanceof AcmeFault) return answer;
  const { start, end } = (answer.body.suggestedWindow ?? {}) as Record<string, unknown>;
  const [startMs, endMs] = [start, end].map((text) => Date.parse(String(text)));
  // After the end of the certificate it is too late; comparisons with NaN are false.
  const isUsable = startMs > 0 && startMs < endMs && startMs < facts.notAfterMs;
  return {
    window: isUsable ? [startMs, Math.min(endMs, facts.notAfterMs)] : null,
    retryAfterMs: retryAfterMs(answer.reply),
  };
}

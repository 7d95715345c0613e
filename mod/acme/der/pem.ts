/** PEM blocks (RFC 7468). */
import type { Bytes } from "./write.ts";

export function toPem(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The contents of all blocks with this label, in order; null when one of them is damaged. */
export function fromPem(label: string, text: string): readonly Bytes[] | null {
  const form = new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`, "g");
  const found: Bytes[] = [];
  for (const [, body] of text.matchAll(form)) {
    if (!/^[A-Za-z0-9+/=\s]*$/.test(body)) return null;
    try {
      found.push(Uint8Array.fromBase64(body.replace(/\s/g, "")));
    } catch {
      // Characters are right but padding or length are not.
      return null;
    }
  }
  return found;
}

import { StartError } from "../base/errors.ts";
import { libssl } from "../sys/libssl.ts";

/** Why this host has no TLS: OpenSSL is not installed. null: it is. */
export function opensslFault(): string | null {
  try {
    libssl();
    return null;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return error.message;
  }
}

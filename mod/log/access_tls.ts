/** h2o's `%{ssl.NAME}x`: what a TLS handshake agreed on, as text. */

/** What is read of a reactor's `TlsFacts`; spelled again because log/ stands beside net/. */
export interface AccessTlsFacts {
  readonly version: string;
  readonly cipher: string;
  readonly cipherBits: number;
  readonly resumed: boolean;
  readonly serverName: string;
  readonly sessionId: Uint8Array;
}

/** `name` is what follows `ssl.`; null for one that nobody knows, or that has no value. */
export function tlsText(facts: AccessTlsFacts, name: string): string | null {
  switch (name) {
    case "protocol-version":
      return facts.version;
    case "cipher":
      return facts.cipher;
    case "cipher-bits":
      return String(facts.cipherBits);
    case "session-reused":
      return facts.resumed ? "1" : "0";
    case "session-id":
      return facts.sessionId.length === 0
        ? null
        : facts.sessionId.toBase64({ alphabet: "base64url", omitPadding: true });
    case "server-name":
      return facts.serverName === "" ? null : facts.serverName;
  }
  return null;
}

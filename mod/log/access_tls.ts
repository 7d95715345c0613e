/** h2o's `%{ssl.NAME}x`: the negotiated TLS parameters as text. */

/** The used part of the reactor's `TlsFacts`, redeclared because log/ may not import net/. */
export interface AccessTlsFacts {
  readonly version: string;
  readonly cipher: string;
  readonly cipherBits: number;
  readonly resumed: boolean;
  readonly serverName: string;
  readonly sessionId: Uint8Array;
}

/** `name` is the part after `ssl.`; null for an unknown name or a missing value. */
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

/** OpenSSL's error queue as plain sentences. */
import { errnoPhrase } from "../sys/errno.ts";
import { libssl, textAt } from "../sys/libssl.ts";

/** SSL_get_error(3). */
export const SslError = {
  none: 0,
  ssl: 1,
  wantRead: 2,
  wantWrite: 3,
  syscall: 5,
  closed: 6,
} as const;

/** One failure of the library. */
export interface OpensslFailure {
  /** The library's reason number; 0 when the queue was empty. */
  readonly reason: number;
  readonly phrase: string;
}

/** Reasons that code asks for (sslerr.h, the same in every 3.x). */
export const Reason = { httpRequest: 156, certificateVerifyFailed: 134 } as const;

/** What the library calls by its code's name, in words for a log line. */
const plain: Record<string, string> = {
  "http request": "plain HTTP on a TLS port",
  "wrong version number": "not TLS, or a version that is switched off",
  "unsupported protocol": "the peer offers only protocol versions that are switched off",
  "no shared cipher": "no cipher suite in common",
  "no suitable key share": "no key exchange group in common",
  "key values mismatch": "the key does not belong to the certificate",
  "no start line": "no PEM block of the wanted kind in the file",
  "bad base64 decode": "the PEM block is damaged",
  "unexpected eof while reading": "the peer closed without saying so",
  "peer did not return a certificate": "the client sent no certificate",
  "tlsv1 alert unknown ca": "the peer does not know our certificate's issuer",
  "tlsv13 alert certificate required": "the peer wants a certificate of ours",
  "sslv3 alert certificate expired": "the peer does not accept our certificate",
  "sslv3 alert certificate revoked": "the peer does not accept our certificate",
  "sslv3 alert unsupported certificate": "the peer does not accept our certificate",
  "sslv3 alert certificate unknown": "the peer does not accept our certificate",
  "sslv3 alert bad certificate": "the peer does not accept our certificate",
};

/** Above it an entry is an errno (ERR_SYSTEM_FLAG of OpenSSL 3). */
const systemFlag = 0x8000_0000;

/** An alert of the peer's keeps its name (RFC 8446 6), by which it can be looked up. */
function plainPhrase(own: string): string {
  const alert = /\balert (.+)$/.exec(own);
  if (alert === null) return plain[own] ?? own;
  const name = alert[1].replaceAll(" ", "_");
  return `${plain[own] ?? "the peer ended the handshake"} (alert ${name})`;
}

/** Empties the thread's error queue; the oldest entry is the cause, later ones only say where it hurt. */
export function takeFailure(): OpensslFailure {
  const ssl = libssl();
  const first = ssl.ERR_get_error();
  let phrase = "unknown failure";
  if (first !== 0) {
    phrase = (first >>> 0) >= systemFlag
      ? errnoPhrase((first >>> 0) - systemFlag)
      : plainPhrase(textAt(ssl.ERR_reason_error_string(first))) || `error ${first.toString(16)}`;
  }
  ssl.ERR_clear_error();
  // ERR_GET_REASON of OpenSSL 3: the low 23 bits.
  return { reason: first & 0x7fffff, phrase };
}

/** OpenSSL's error queue as plain sentences. */
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
  "sslv3 alert certificate unknown": "the peer does not accept our certificate",
  "sslv3 alert bad certificate": "the peer does not accept our certificate",
};

/** Empties the thread's error queue; the oldest entry is the cause, later ones only say where it hurt. */
export function takeFailure(): OpensslFailure {
  const ssl = libssl();
  const first = ssl.ERR_get_error();
  let phrase = "unknown failure";
  if (first !== 0) {
    const own = textAt(ssl.ERR_reason_error_string(first));
    phrase = plain[own] ?? (own || `error ${first.toString(16)}`);
  }
  ssl.ERR_clear_error();
  // ERR_GET_REASON of OpenSSL 3: the low 23 bits.
  return { reason: first & 0x7fffff, phrase };
}

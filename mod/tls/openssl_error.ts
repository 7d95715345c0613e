/** OpenSSL's error queue as readable messages. */
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

/** An error of the library. */
export interface OpensslFailure {
  /** The library's reason number; 0 when the queue was empty. */
  readonly reason: number;
  readonly phrase: string;
}

/** Reasons that the code checks for (sslerr.h, the same in every 3.x). */
export const Reason = {
  httpRequest: 156,
  certificateVerifyFailed: 134,
  unexpectedMessage: 244,
  unexpectedRecord: 245,
} as const;

/** A message at a time at which it is not allowed, rather than one that cannot be decrypted. */
export function isUnexpected({ reason }: OpensslFailure): boolean {
  return reason === Reason.unexpectedMessage || reason === Reason.unexpectedRecord;
}

/** Readable messages for the library's reasons. */
const plain: Record<string, string> = {
  "http request": "plain HTTP on a TLS port",
  "wrong version number": "not TLS, or a disabled protocol version",
  "unsupported protocol": "the peer offers only disabled protocol versions",
  "no shared cipher": "no cipher suite in common",
  "no suitable key share": "no key exchange group in common",
  "key values mismatch": "the key does not belong to the certificate",
  "no start line": "no PEM block of the expected type in the file",
  "bad base64 decode": "the PEM block is damaged",
  "unexpected eof while reading": "the peer closed the connection without close_notify",
  "peer did not return a certificate": "the client sent no certificate",
  "tlsv1 alert unknown ca": "the peer does not trust the issuer of this certificate",
  "tlsv13 alert certificate required": "the peer requires a client certificate",
  "sslv3 alert certificate expired": "the peer rejected this certificate",
  "sslv3 alert certificate revoked": "the peer rejected this certificate",
  "sslv3 alert unsupported certificate": "the peer rejected this certificate",
  "sslv3 alert certificate unknown": "the peer rejected this certificate",
  "sslv3 alert bad certificate": "the peer rejected this certificate",
};

/** Flag of an entry that is an errno (ERR_SYSTEM_FLAG of OpenSSL 3). */
const systemFlag = 0x8000_0000;

/** A peer's alert is shown with its name (RFC 8446 6), which users can look up. */
function plainPhrase(own: string): string {
  const alert = /\balert (.+)$/.exec(own);
  if (alert === null) return plain[own] ?? own;
  const name = alert[1].replaceAll(" ", "_");
  return `${plain[own] ?? "the peer aborted the handshake"} (alert ${name})`;
}

/** Empties the thread's error queue and returns the oldest entry, which is the cause. */
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

/** Certificate requests (PKCS #10, RFC 2986) and self-signed certificates. */
import { type CertificateKey, signatureAlgorithm, signed } from "./key.ts";
import {
  type Bytes,
  contextTag,
  element,
  objectId,
  octetString,
  sequence,
  Tag,
  time,
  unsigned,
  utf8String,
} from "./write.ts";
import { concat } from "../../std/bytes.ts";

const Oid = {
  commonName: "2.5.4.3",
  subjectAltName: "2.5.29.17",
  extensionRequest: "1.2.840.113549.1.9.14",
  /** id-pe-acmeIdentifier (RFC 8737 3). */
  acmeIdentifier: "1.3.6.1.5.5.7.1.31",
} as const;

const dayMs = 86_400_000;
const isTrue = element(Tag.boolean, Uint8Array.of(0xff));

/** A request for `names`. Its subject is empty: the names are in subjectAltName alone. */
export function certificateRequest(
  names: readonly string[],
  key: CertificateKey,
): Promise<Bytes> {
  const extensions = sequence(alternativeNames(names));
  const attribute = sequence(objectId(Oid.extensionRequest), element(Tag.set, extensions));
  const body = sequence(
    unsigned(Uint8Array.of(0)),
    sequence(),
    key.spki,
    element(contextTag(0, true), attribute),
  );
  return signed(body, key);
}

/**
 * A certificate for `name` that `key` signs itself. With `challengeDigest` (32 bytes) it answers a
 * TLS-ALPN-01 challenge (RFC 8737 3).
 */
export function selfSigned(
  name: string,
  key: CertificateKey,
  nowMs: number,
  challengeDigest: Uint8Array | null = null,
): Promise<Bytes> {
  const subject = sequence(
    element(Tag.set, sequence(objectId(Oid.commonName), utf8String(name.slice(0, 64)))),
  );
  const extensions = [alternativeNames([name])];
  if (challengeDigest !== null) {
    const value = octetString(octetString(challengeDigest));
    extensions.push(sequence(objectId(Oid.acmeIdentifier), isTrue, value));
  }
  const body = sequence(
    // Version 3.
    element(contextTag(0, true), unsigned(Uint8Array.of(2))),
    unsigned(crypto.getRandomValues(new Uint8Array(9))),
    signatureAlgorithm(key.type),
    subject,
    // Some clients' clocks are behind; browsers refuse more than 398 days.
    sequence(time(nowMs - 3_600_000), time(nowMs + 397 * dayMs)),
    subject,
    key.spki,
    element(contextTag(3, true), sequence(...extensions)),
  );
  return signed(body, key);
}

function alternativeNames(names: readonly string[]): Bytes {
  const dnsName = contextTag(2, false);
  const each = names.map((name) => element(dnsName, new TextEncoder().encode(name)));
  return sequence(objectId(Oid.subjectAltName), octetString(sequence(concat(each))));
}

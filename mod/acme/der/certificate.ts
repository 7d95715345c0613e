/** What ACME needs to know of an X.509 certificate (RFC 5280). */
import {
  childrenOf,
  contentOf,
  type Element,
  readElement,
  textOf,
  timeOf,
  wholeOf,
} from "./read.ts";
import { contextTag, objectId, Tag } from "./write.ts";

export interface CertificateFacts {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DNS names of subjectAltName, in lower case. */
  readonly names: readonly string[];
  /** Common name of the issuer, or its organization; "" for neither. */
  readonly issuer: string;
  readonly isSelfSigned: boolean;
  /** Content of the serial number, in DER. */
  readonly serial: Uint8Array;
  /** keyIdentifier of authorityKeyIdentifier; null without one. */
  readonly authorityKey: Uint8Array | null;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
}

const oidText = (dotted: string) => objectId(dotted).toHex();
const subjectAltName = oidText("2.5.29.17");
const authorityKeyIdentifier = oidText("2.5.29.35");
/** Attributes that name an issuer, the best first. */
const nameOids = [oidText("2.5.4.3"), oidText("2.5.4.10")];

/** Serial number, algorithm, issuer, validity, subject, public key (RFC 5280 4.1). */
const fieldTags = [
  Tag.integer,
  Tag.sequence,
  Tag.sequence,
  Tag.sequence,
  Tag.sequence,
  Tag.sequence,
] as const;

/** null when `der` is not a certificate with all of these parts. */
export function readCertificate(der: Uint8Array): CertificateFacts | null {
  const whole = readElement(der);
  if (whole === null || whole.tag !== Tag.sequence || whole.end !== der.length) return null;
  const parts = childrenOf(whole);
  if (!hasTags(parts, [Tag.sequence, Tag.sequence, Tag.bitString])) return null;
  const [first, ...fields] = childrenOf(parts[0]);
  // Version 1 has no version field, and no extensions either.
  if (first?.tag !== contextTag(0, true)) return null;
  if (!hasTags(fields, fieldTags)) return null;
  const [serial, , issuer, validity, subject, spki] = fields;
  const [notBefore, notAfter] = childrenOf(validity);
  const notBeforeMs = notBefore === undefined ? null : timeOf(notBefore);
  const notAfterMs = notAfter === undefined ? null : timeOf(notAfter);
  if (notBeforeMs === null || notAfterMs === null) return null;
  const extensions = extensionsOf(fields.find(({ tag }) => tag === contextTag(3, true)));
  return {
    notBeforeMs,
    notAfterMs,
    names: dnsNames(extensions.get(subjectAltName)),
    issuer: nameOf(issuer),
    isSelfSigned: wholeOf(issuer).toHex() === wholeOf(subject).toHex(),
    serial: contentOf(serial),
    authorityKey: keyIdentifier(extensions.get(authorityKeyIdentifier)),
    spki: wholeOf(spki),
  };
}

/** The identifier of a certificate for ARI (RFC 9773 4.1); null without an authority key. */
export function renewalId({ authorityKey, serial }: CertificateFacts): string | null {
  if (authorityKey === null) return null;
  return [authorityKey, serial].map(base64Url).join(".");
}

export function base64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** True when the elements begin with these tags. */
function hasTags(elements: readonly Element[], tags: readonly number[]): boolean {
  return tags.every((tag, index) => elements[index]?.tag === tag);
}

/** Values of the extensions, by the hexadecimal DER of their OIDs. */
function extensionsOf(wrapper: Element | undefined): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const list = wrapper === undefined ? undefined : childrenOf(wrapper)[0];
  for (const extension of list === undefined ? [] : childrenOf(list)) {
    const parts = childrenOf(extension);
    const value = parts.at(-1);
    if (value?.tag === Tag.octetString) found.set(wholeOf(parts[0]).toHex(), contentOf(value));
  }
  return found;
}

function dnsNames(value: Uint8Array | undefined): readonly string[] {
  const list = value === undefined ? null : readElement(value);
  if (list === null) return [];
  return childrenOf(list)
    .filter(({ tag }) => tag === contextTag(2, false))
    .map((name) => textOf(name).toLowerCase());
}

function keyIdentifier(value: Uint8Array | undefined): Uint8Array | null {
  const list = value === undefined ? null : readElement(value);
  const found = list === null
    ? undefined
    : childrenOf(list).find(({ tag }) => tag === contextTag(0, false));
  return found === undefined ? null : contentOf(found);
}

function nameOf(name: Element): string {
  const attributes = childrenOf(name).flatMap(childrenOf).map(childrenOf);
  for (const oid of nameOids) {
    const found = attributes.find(([id]) => id !== undefined && wholeOf(id).toHex() === oid);
    if (found?.[1] !== undefined) return textOf(found[1]);
  }
  return "";
}

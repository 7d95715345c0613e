/** Self-signed certificates, for TLS without a CA; browsers show a warning. */
import { cString, libssl } from "../sys/libssl.ts";
import { takeFailure } from "./openssl_error.ts";

const Nid = { p256: 415, ecKey: 408, subjectAltName: 85, basicConstraints: 87 } as const;
/** Browsers refuse certificates valid for more than 398 days. */
const validSeconds = 397 * 86_400;
const utf8String = 0x1000;
const x509v3 = 2;

/**
 * Writes a P-256 certificate for `names` and its key as PEM files, the key with mode 0600. Throws
 * when OpenSSL or the file system fails.
 */
export function writeSelfSigned(
  names: readonly string[],
  certificateFile: string,
  keyFile: string,
): void {
  const { certificate, key } = makeSelfSigned(names);
  replaceFile(keyFile, key, 0o600);
  replaceFile(certificateFile, certificate, 0o644);
}

/** A certificate and its key as PEM. */
export interface SelfSigned {
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
}

/**
 * Creates a P-256 certificate for `names` (DNS names and IP literals, the first is the subject).
 * Throws when OpenSSL fails.
 */
export function makeSelfSigned(names: readonly string[]): SelfSigned {
  const lib = libssl();
  const key = makeKey();
  const certificate = check(lib.X509_new(), "X509_new");
  try {
    lib.X509_set_version(certificate, x509v3);
    setRandomSerial(certificate);
    lib.X509_gmtime_adj(lib.X509_getm_notBefore(certificate), -3600);
    lib.X509_gmtime_adj(lib.X509_getm_notAfter(certificate), validSeconds);
    lib.X509_set_pubkey(certificate, key);
    const subject = lib.X509_get_subject_name(certificate);
    const common = cString(names[0]);
    lib.X509_NAME_add_entry_by_txt(subject, cString("CN"), utf8String, common, -1, -1, 0);
    lib.X509_set_issuer_name(certificate, subject);
    addExtension(certificate, Nid.subjectAltName, names.map(alternativeName).join(","));
    addExtension(certificate, Nid.basicConstraints, "critical,CA:FALSE");
    if (lib.X509_sign(certificate, key, lib.EVP_sha256()) === 0) {
      throw new Error(`Cannot sign a certificate: ${takeFailure().phrase}`);
    }
    return {
      key: toPem((bio) => lib.PEM_write_bio_PrivateKey(bio, key, null, null, 0, null, null)),
      certificate: toPem((bio) => lib.PEM_write_bio_X509(bio, certificate)),
    };
  } finally {
    lib.X509_free(certificate);
    lib.EVP_PKEY_free(key);
  }
}

function makeKey(): Deno.PointerObject {
  const lib = libssl();
  const context = check(lib.EVP_PKEY_CTX_new_id(Nid.ecKey, null), "EVP_PKEY_CTX_new_id");
  const slot = new BigUint64Array(1);
  lib.EVP_PKEY_keygen_init(context);
  lib.EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, Nid.p256);
  lib.EVP_PKEY_keygen(context, new Uint8Array(slot.buffer));
  lib.EVP_PKEY_CTX_free(context);
  return check(Deno.UnsafePointer.create(slot[0]), "EVP_PKEY_keygen");
}

function addExtension(certificate: Deno.PointerObject, nid: number, value: string): void {
  const lib = libssl();
  const made = lib.X509V3_EXT_conf_nid(null, null, nid, cString(value));
  const extension = check(made, "X509V3_EXT_conf_nid");
  lib.X509_add_ext(certificate, extension, -1);
  lib.X509_EXTENSION_free(extension);
}

function alternativeName(name: string): string {
  return /^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`;
}

/**
 * Browsers remember an issuer's serial numbers and refuse a new certificate with a used one. The
 * CA/Browser Forum requires 64 random bits.
 */
function setRandomSerial(certificate: Deno.PointerObject): void {
  const lib = libssl();
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  const number = check(lib.BN_bin2bn(bytes, bytes.length, null), "BN_bin2bn");
  lib.BN_to_ASN1_INTEGER(number, lib.X509_get_serialNumber(certificate));
  lib.BN_free(number);
}

function toPem(write: (bio: Deno.PointerObject) => number): Uint8Array {
  const lib = libssl();
  const bio = check(lib.BIO_new(lib.BIO_s_mem()), "BIO_new");
  write(bio);
  const pem = new Uint8Array(lib.BIO_ctrl_pending(bio));
  lib.BIO_read(bio, pem, pem.length);
  lib.BIO_free(bio);
  return pem;
}

/** Writes with a rename, so that another worker never reads a partial file. */
function replaceFile(path: string, pem: Uint8Array, mode: number): void {
  Deno.writeFileSync(`${path}.new`, pem, { mode });
  Deno.renameSync(`${path}.new`, path);
}

function check(pointer: Deno.PointerValue, call: string): Deno.PointerObject {
  if (pointer === null) throw new Error(`${call} failed: ${takeFailure().phrase}`);
  return pointer;
}

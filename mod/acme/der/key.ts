/** Keys of certificates, made and used by WebCrypto. */
import { bitString, type Bytes, element, objectId, sequence, Tag, unsigned } from "./write.ts";

/** `key-type` of `acme`. */
export const keyTypes = ["p256", "p384", "rsa2048"] as const;
export type KeyType = typeof keyTypes[number];

interface KeyForm {
  readonly generate: EcKeyGenParams | RsaHashedKeyGenParams;
  readonly sign: AlgorithmIdentifier | EcdsaParams;
  /** The signature's AlgorithmIdentifier. */
  readonly algorithm: Bytes;
}

const rsaParameters = element(Tag.null);

const forms: Readonly<Record<KeyType, KeyForm>> = {
  p256: {
    generate: { name: "ECDSA", namedCurve: "P-256" },
    sign: { name: "ECDSA", hash: "SHA-256" },
    algorithm: sequence(objectId("1.2.840.10045.4.3.2")),
  },
  p384: {
    generate: { name: "ECDSA", namedCurve: "P-384" },
    sign: { name: "ECDSA", hash: "SHA-384" },
    algorithm: sequence(objectId("1.2.840.10045.4.3.3")),
  },
  rsa2048: {
    generate: {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: "SHA-256",
    },
    sign: { name: "RSASSA-PKCS1-v1_5" },
    algorithm: sequence(objectId("1.2.840.113549.1.1.11"), rsaParameters),
  },
};

export interface CertificateKey {
  readonly type: KeyType;
  readonly pair: CryptoKeyPair;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Bytes;
  /** PKCS #8 in DER. */
  readonly pkcs8: Bytes;
}

export async function makeKey(type: KeyType): Promise<CertificateKey> {
  const { generate } = forms[type];
  const pair = await crypto.subtle.generateKey(generate, true, ["sign", "verify"]) as CryptoKeyPair;
  return {
    type,
    pair,
    spki: new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)),
    pkcs8: new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)),
  };
}

/** Returns `body` with its signature, as certificates and requests hold it (X.509 SIGNED). */
export async function signed(body: Bytes, { type, pair }: CertificateKey): Promise<Bytes> {
  const { sign, algorithm } = forms[type];
  const raw = new Uint8Array(await crypto.subtle.sign(sign, pair.privateKey, body));
  const signature = type === "rsa2048" ? raw : ecdsaSignature(raw);
  return sequence(body, algorithm, bitString(signature));
}

/** The AlgorithmIdentifier that a certificate repeats in its body. */
export function signatureAlgorithm(type: KeyType): Bytes {
  return forms[type].algorithm;
}

/** WebCrypto gives r and s side by side, X.509 wants them as a sequence. */
function ecdsaSignature(raw: Uint8Array): Bytes {
  const half = raw.length / 2;
  return sequence(unsigned(raw.subarray(0, half)), unsigned(raw.subarray(half)));
}

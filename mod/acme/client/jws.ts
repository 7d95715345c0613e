/** Signed requests (JWS, RFC 7515) and the account's key (RFC 7638). */
import { base64Url } from "../der/certificate.ts";

const encoder = new TextEncoder();

/** An ES256 key, as JSON in the state folder. */
export interface AccountKey {
  readonly jwk: JsonWebKey;
  readonly privateKey: CryptoKey;
  /** SHA-256 of the public key in its canonical form, base64url. */
  readonly thumbprint: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;

export async function makeAccountKey(): Promise<AccountKey> {
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return await keyOf(await crypto.subtle.exportKey("jwk", pair.privateKey), pair.privateKey);
}

/** null when `jwk` is no private key of P-256. */
export async function importAccountKey(jwk: JsonWebKey): Promise<AccountKey | null> {
  try {
    const key = await crypto.subtle.importKey("jwk", jwk, algorithm, true, ["sign"]);
    return await keyOf(jwk, key);
  } catch {
    // A damaged file: the caller makes a new key.
    return null;
  }
}

async function keyOf(jwk: JsonWebKey, privateKey: CryptoKey): Promise<AccountKey> {
  const canonical = JSON.stringify(publicPart(jwk));
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(canonical));
  return { jwk, privateKey, thumbprint: base64Url(new Uint8Array(digest)) };
}

/** The public key, its members in the order that RFC 7638 3 asks for. */
export function publicPart({ crv, kty, x, y }: JsonWebKey) {
  return { crv, kty, x, y };
}

/** Signs `payload` with the account's key; "" is the empty payload of POST-as-GET. */
export function signJws(
  key: AccountKey,
  header: Readonly<Record<string, unknown>>,
  payload: unknown,
): Promise<string> {
  return flattened(
    { alg: "ES256", ...header },
    payload,
    (input) => crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.privateKey, input),
  );
}

/** The binding to an account of the CA's own (RFC 8555 7.3.4). `macKey`: base64url of the key. */
export async function bindExternal(
  key: AccountKey,
  url: string,
  { kid, key: macKey }: { readonly kid: string; readonly key: string },
): Promise<unknown> {
  const mac = await crypto.subtle.importKey(
    "raw",
    Uint8Array.fromBase64(macKey, { alphabet: "base64url" }),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const text = await flattened(
    { alg: "HS256", kid, url },
    publicPart(key.jwk),
    (input) => crypto.subtle.sign("HMAC", mac, input),
  );
  return JSON.parse(text);
}

async function flattened(
  header: Readonly<Record<string, unknown>>,
  payload: unknown,
  sign: (input: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>,
): Promise<string> {
  const first = base64Url(encoder.encode(JSON.stringify(header)));
  const second = payload === "" ? "" : base64Url(encoder.encode(JSON.stringify(payload)));
  const signature = await sign(encoder.encode(`${first}.${second}`));
  return JSON.stringify({
    protected: first,
    payload: second,
    signature: base64Url(new Uint8Array(signature)),
  });
}

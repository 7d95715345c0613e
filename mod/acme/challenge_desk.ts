/** Puts the answers to challenges where every process that shares the state folder finds them. */
import type { Challenge } from "./client/order.ts";
import { type KeyType, makeKey } from "./der/key.ts";
import { toPem } from "./der/pem.ts";
import { selfSigned } from "./der/request.ts";
import type { StateFolder } from "./store/state_folder.ts";

export class ChallengeDesk {
  readonly #folder: StateFolder;
  readonly #keyType: KeyType;
  readonly #nowMs: () => number;

  /** `keyType`: that of the certificates in use, for OpenSSL chooses the type before ALPN. */
  constructor(folder: StateFolder, keyType: KeyType, nowMs: () => number) {
    this.#folder = folder;
    this.#keyType = keyType;
    this.#nowMs = nowMs;
  }

  async offer({ type, name, token, authorization }: Challenge): Promise<void> {
    if (type === "http-01") return this.#folder.offerToken(token, authorization);
    const text = new TextEncoder().encode(authorization);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
    const key = await makeKey(this.#keyType);
    const certificate = await selfSigned(name, key, this.#nowMs(), digest);
    this.#folder.offerAlpn(
      name,
      toPem("CERTIFICATE", certificate) + toPem("PRIVATE KEY", key.pkcs8),
    );
  }

  withdraw({ type, name, token }: Challenge): void {
    if (type === "http-01") this.#folder.withdrawToken(token);
    else this.#folder.withdrawAlpn(name);
  }
}

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
  readonly #offered = new Set<Challenge>();
  /** The order was given up: no challenge is offered any more. */
  #isClosed = false;

  /** `keyType`: that of the certificates in use, for OpenSSL chooses the type before ALPN. */
  constructor(folder: StateFolder, keyType: KeyType, nowMs: () => number) {
    this.#folder = folder;
    this.#keyType = keyType;
    this.#nowMs = nowMs;
  }

  async offer(challenge: Challenge): Promise<void> {
    if (this.#isClosed) return;
    this.#offered.add(challenge);
    const { type, name, token, authorization } = challenge;
    if (type === "http-01") return this.#folder.offerToken(token, authorization);
    const text = new TextEncoder().encode(authorization);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
    const key = await makeKey(this.#keyType);
    const certificate = await selfSigned(name, key, this.#nowMs(), digest);
    // A stop may have come while the key was made.
    if (this.#isClosed) return;
    this.#folder.offerAlpn(
      name,
      toPem("CERTIFICATE", certificate) + toPem("PRIVATE KEY", key.pkcs8),
    );
  }

  withdraw(challenge: Challenge): void {
    this.#offered.delete(challenge);
    const { type, name, token } = challenge;
    if (type === "http-01") this.#folder.withdrawToken(token);
    else this.#folder.withdrawAlpn(name);
  }

  /** Ends the order's challenges, and offers no more. */
  withdrawAll(): void {
    this.#isClosed = true;
    for (const challenge of this.#offered) this.withdraw(challenge);
  }
}

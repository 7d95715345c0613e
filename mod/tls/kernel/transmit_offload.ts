/**
 * One connection's way from OpenSSL's encryption to the kernel's, for what it sends. OpenSSL goes on
 * reading; what it answers by itself it can only say here, because it does not have the kernel's keys.
 */
import type { KernelTls, Socket } from "../../net/reactor.ts";
import { type Agreement, agreementOf, hasKeyUpdates } from "./kernel_cipher.ts";
import { type OffloadMode, pays } from "./offload_mode.ts";
import { RecordTrail } from "./record_trail.ts";
import { SecretLog } from "./secret_log.ts";
import { keysOfSecret, keysOfSession, nextSecret } from "./transmit_keys.ts";

/** Types of records (RFC 8446 5.1). */
const RecordType = { alert: 21, handshake: 22 } as const;
/** Alerts (RFC 8446 6, RFC 5246 7.2): level and description. */
const warning = 1;
const fatal = 2;
const Alert = {
  closeNotify: 0,
  unexpectedMessage: 10,
  badRecordMac: 20,
  internalError: 80,
  noRenegotiation: 100,
} as const;
/** KeyUpdate with update_not_requested (RFC 8446 4.6.3). */
const keyUpdate = Uint8Array.of(24, 0, 0, 1, 0);

/** What has become of an answer that only the kernel can send. */
export type Outcome = "sent" | "waits" | "impossible";

export class TransmitOffload {
  /** What OpenSSL has written under the keys of the connection. */
  readonly trail = new RecordTrail();
  readonly #mode: OffloadMode;
  /** Of TLS 1.3. */
  #secret: Uint8Array<ArrayBuffer> | null = null;
  #agreement: Agreement | null = null;
  #kernel: KernelTls | null = null;
  #owesKeyUpdate = false;
  #hasSaidGoodbye = false;
  /** The kernel cannot have this connection. */
  isRefused = false;

  constructor(mode: OffloadMode) {
    this.#mode = mode;
  }

  /** The kernel encrypts. */
  get isOn(): boolean {
    return this.#kernel !== null;
  }

  /**
   * Call it after each SSL_do_handshake, before what it has written is noted. In TLS 1.3 a server writes
   * under the keys of the connection only after the client's last message, so only in the last call.
   */
  onHandshake(isTls13: boolean): void {
    if (isTls13) this.trail.count = 0;
    this.#secret = SecretLog.shared().take() ?? this.#secret;
  }

  /** OpenSSL has written nothing that waits, and `fileBytes` are to be sent. True: the kernel encrypts. */
  start(ssl: Deno.PointerObject, inner: Socket, fileBytes: number): boolean {
    if (!pays(this.#mode, fileBytes)) return false;
    const agreement = agreementOf(ssl);
    const kernel = inner.sendFile === undefined ? null : inner.kernelTls?.() ?? null;
    const keys = agreement === null ? null : this.#keys(ssl, agreement);
    if (agreement === null || keys === null || !kernel?.start(keys)) {
      this.isRefused = true;
      return false;
    }
    this.#agreement = agreement;
    this.#kernel = kernel;
    return true;
  }

  #keys(ssl: Deno.PointerObject, agreement: Agreement): Uint8Array<ArrayBuffer> | null {
    if (!hasKeyUpdates(agreement)) return keysOfSession(agreement, ssl, this.trail);
    if (this.#secret === null) return null;
    return keysOfSecret(agreement, this.#secret, this.trail.count);
  }

  /**
   * OpenSSL has answered something that the client sent: in TLS 1.3 a request for new keys, in TLS 1.2
   * one for another handshake.
   */
  answer(): Outcome {
    if (!hasKeyUpdates(this.#agreement!)) return this.#alert(warning, Alert.noRenegotiation);
    // Several requests may have one answer.
    this.#owesKeyUpdate = true;
    return this.settle();
  }

  /** Sends the answer that is due. Nothing else may be sent before it (RFC 8446 4.6.3). */
  settle(): Outcome {
    if (!this.#owesKeyUpdate) return "sent";
    const kernel = this.#kernel!;
    const agreement = this.#agreement!;
    const secret = nextSecret(agreement, this.#secret!);
    const keys = keysOfSecret(agreement, secret, 0);
    if (!kernel.canRenew(keys)) {
      this.#lastAlert(Alert.internalError);
      return "impossible";
    }
    if (!kernel.sendRecord(RecordType.handshake, keyUpdate)) return "waits";
    // The client uses the new keys from here on, so without them it would not understand an alert.
    if (!kernel.renew(keys)) return "impossible";
    this.#secret = secret;
    this.#owesKeyUpdate = false;
    return "sent";
  }

  /** OpenSSL has failed to read, and has written an alert. */
  explainFailure(isUnexpected: boolean): void {
    this.#lastAlert(isUnexpected ? Alert.unexpectedMessage : Alert.badRecordMac);
  }

  /**
   * Says that nothing follows. False: wait for `onDrain`, then call it again with `isWritable`. True: the
   * socket may be shut down or closed, and all of what was sent arrives.
   */
  sayGoodbye(isWritable: boolean): boolean {
    if (this.#hasSaidGoodbye) return true;
    if (!isWritable && !this.#kernel!.makeRoom()) return false;
    this.#hasSaidGoodbye = this.#alert(warning, Alert.closeNotify) === "sent";
    return this.#hasSaidGoodbye;
  }

  #lastAlert(description: number): void {
    this.#kernel!.makeRoom();
    this.#alert(fatal, description);
  }

  #alert(level: number, description: number): Outcome {
    const alert = Uint8Array.of(level, description);
    return this.#kernel!.sendRecord(RecordType.alert, alert) ? "sent" : "waits";
  }
}

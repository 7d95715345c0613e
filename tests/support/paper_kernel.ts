/** A kernel that encrypts, in JavaScript: as net/tls of Linux does, by the same struct of keys. */
import { Buffer } from "node:buffer";
import { type CipherGCM, createCipheriv } from "node:crypto";
import type { Paper, PaperKernel } from "./tls_pair.ts";

const recordBytesMax = 16_384;
const tls13 = 0x304;
const data = 23;

/** By TLS_CIPHER_* of linux/tls.h. */
const ciphers: Record<number, { name: string; iv: number; key: number; salt: number }> = {
  51: { name: "aes-128-gcm", iv: 8, key: 16, salt: 4 },
  52: { name: "aes-256-gcm", iv: 8, key: 32, salt: 4 },
  54: { name: "chacha20-poly1305", iv: 12, key: 32, salt: 0 },
};

export class SealingKernel implements PaperKernel {
  isOn = false;
  /** What each `start` and `renew` has set. */
  readonly keys: Uint8Array[] = [];
  /** The socket is writable again only for records that end the connection. */
  isFull = false;
  #version = 0;
  #name = "";
  #key = new Uint8Array(0);
  #salt = new Uint8Array(0);
  #iv = new Uint8Array(0);
  #sequence = 0n;

  constructor(readonly paper: Paper, readonly changesKeys: boolean, readonly isWilling = true) {}

  start(keys: Uint8Array): boolean {
    if (!this.isWilling || this.isOn) return false;
    this.isOn = true;
    this.#use(keys);
    return true;
  }

  canRenew(): boolean {
    return this.changesKeys && this.#version === tls13;
  }

  renew(keys: Uint8Array): boolean {
    if (!this.canRenew()) return false;
    this.#use(keys);
    return true;
  }

  #use(keys: Uint8Array): void {
    this.keys.push(keys.slice());
    const view = new DataView(keys.buffer, keys.byteOffset, keys.length);
    this.#version = view.getUint16(0, true);
    const { name, iv, key, salt } = ciphers[view.getUint16(2, true)];
    let at = 4;
    const take = (count: number) => keys.slice(at, at += count);
    this.#name = name;
    this.#iv = take(iv);
    this.#key = take(key);
    this.#salt = take(salt);
    this.#sequence = view.getBigUint64(at);
    if (at + 8 !== keys.length) throw new Error(`the keys have ${keys.length} bytes`);
  }

  sendRecord(type: number, bytes: Uint8Array): boolean {
    if (this.isFull) return false;
    this.paper.put(this.#seal(type, bytes));
    return true;
  }

  makeRoom(): boolean {
    return !this.isFull;
  }

  seal(bytes: Uint8Array): Uint8Array {
    const records: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += recordBytesMax) {
      records.push(this.#seal(data, bytes.subarray(at, at + recordBytesMax)));
    }
    return Buffer.concat(records);
  }

  #seal(type: number, content: Uint8Array): Uint8Array {
    const is13 = this.#version === tls13;
    const isExplicit = !is13 && this.#salt.length > 0;
    const explicit = isExplicit ? this.#iv.slice() : new Uint8Array(0);
    const inner = is13 ? Buffer.concat([content, Uint8Array.of(type)]) : content;
    const length = explicit.length + inner.length + 16;
    const header = Uint8Array.of(is13 ? data : type, 3, 3, length >> 8, length & 255);
    const nonce = Buffer.concat([this.#salt, this.#iv]);
    const sequence = new Uint8Array(8);
    new DataView(sequence.buffer).setBigUint64(0, this.#sequence++);
    if (!isExplicit) { for (let i = 0; i < 8; i++) nonce[4 + i] ^= sequence[i]; }
    const lengths = Uint8Array.of(inner.length >> 8, inner.length & 255);
    const aad = is13 ? header : Buffer.concat([sequence, header.subarray(0, 3), lengths]);
    const cipher = createCipheriv(this.#name, this.#key, nonce, {
      authTagLength: 16,
    } as never) as CipherGCM;
    cipher.setAAD(aad, { plaintextLength: inner.length });
    const sealed = Buffer.concat([cipher.update(inner), cipher.final()]);
    if (isExplicit) {
      const view = new DataView(this.#iv.buffer);
      view.setBigUint64(0, view.getBigUint64(0) + 1n & 0xffff_ffff_ffff_ffffn);
    }
    return Buffer.concat([header, explicit, sealed, cipher.getAuthTag()]);
  }
}

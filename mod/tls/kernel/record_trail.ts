/** Type of the record after which a side of TLS 1.2 uses its new keys (RFC 5246 7.1). */
const changeCipherSpec = 20;
const headerBytes = 5;

/**
 * Follows the records that OpenSSL writes, because whoever continues with its keys must know how many
 * there were: the number is part of the nonce, and no nonce may be used twice.
 */
export class RecordTrail {
  /** Records under the current keys. */
  count = 0;
  /** The first bytes of the last record's content: in TLS 1.2 with AES-GCM, its explicit nonce. */
  readonly start = new Uint8Array(8);

  /** Whole records, as OpenSSL has written them. */
  note(bytes: Uint8Array, length: number): void {
    let last = -1;
    for (let at = 0; at < length;) {
      if (bytes[at] === changeCipherSpec) this.count = 0;
      else this.count++;
      last = at + headerBytes;
      at = last + (bytes[at + 3] << 8 | bytes[at + 4]);
    }
    for (let i = 0; i < 8 && last >= 0; i++) this.start[i] = bytes[last + i];
  }
}

/** How the client addressed us, kept after its request head is no longer valid. */
import { latin1, type RequestHead } from "../../../http/mod.ts";

const bytesMax = 256;

/** Reused for each exchange; the text is built only when it is needed. */
export class KeptAuthority {
  readonly #bytes = new Uint8Array(bytesMax);
  readonly #words = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Copies the head's Host; a value longer than a name can be is truncated. */
  keep(head: RequestHead): void {
    const { bytes, hostStart, hostEnd } = head;
    const length = hostStart < 0 ? 0 : Math.min(hostEnd - hostStart, bytesMax);
    const source = head.words();
    const whole = length & ~3;
    for (let i = 0; i < whole; i += 4) this.#words.setInt32(i, source.getInt32(hostStart + i));
    for (let i = whole; i < length; i++) this.#bytes[i] = bytes[hostStart + i];
    this.#length = length;
  }

  text(): string {
    return latin1(this.#bytes, 0, this.#length);
  }
}

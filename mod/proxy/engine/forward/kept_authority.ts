/** How the client addressed us, kept beyond its request's head. */
import { latin1, type RequestHead } from "../../../http1/mod.ts";

const bytesMax = 256;

/** Reused for each exchange; text is made only when somebody asks. */
export class KeptAuthority {
  readonly #bytes = new Uint8Array(bytesMax);
  #length = 0;

  /** Takes the head's Host; one that is longer than names can be is cut. */
  keep(head: RequestHead): void {
    const { bytes, hostStart, hostEnd } = head;
    const length = hostStart < 0 ? 0 : Math.min(hostEnd - hostStart, bytesMax);
    for (let i = 0; i < length; i++) this.#bytes[i] = bytes[hostStart + i];
    this.#length = length;
  }

  text(): string {
    return latin1(this.#bytes, 0, this.#length);
  }
}

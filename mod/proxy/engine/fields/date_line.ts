/** The `Date` field line, formatted once a second. */
import { imfFixdate, latin1Bytes } from "../../../http/mod.ts";

export class DateLine {
  #bytes = new Uint8Array(0);
  #nextMs = -Infinity;

  /** `nowMs` is the reactor's clock; the wall clock is read once a second. */
  at(nowMs: number): Uint8Array {
    if (nowMs >= this.#nextMs) {
      const epochMs = Date.now();
      this.#bytes = latin1Bytes(`Date: ${imfFixdate(Math.floor(epochMs / 1000))}\r\n`);
      this.#nextMs = nowMs + 1000 - epochMs % 1000;
    }
    return this.#bytes;
  }
}

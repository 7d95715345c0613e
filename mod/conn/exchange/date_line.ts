import { imfFixdate } from "../../http/date.ts";
import { latin1Bytes } from "../../http/latin1.ts";

const dateStart = "Date: ".length;
const dateBytes = 29;

/**
 * The `Date` field line of responses. It is formatted once a second; otherwise it costs one comparison
 * per response.
 */
export class DateLine {
  /** The line with its CRLF, rewritten in place by `refresh`. */
  readonly bytes: Uint8Array = latin1Bytes(`Date: ${imfFixdate(0)}\r\n`);
  /** The date alone: 29 ASCII bytes. */
  readonly date: Uint8Array = this.bytes.subarray(dateStart, dateStart + dateBytes);
  /** The date as seconds of the epoch. */
  epochSeconds = 0;
  #nextMs = -Infinity;

  /** `nowMs` is the reactor's clock; the wall clock is read once a second. True: the date is new. */
  refresh(nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false;
    const epochMs = Date.now();
    this.#nextMs = nowMs + 1000 - epochMs % 1000;
    this.epochSeconds = Math.floor(epochMs / 1000);
    this.date.set(latin1Bytes(imfFixdate(this.epochSeconds)));
    return true;
  }
}

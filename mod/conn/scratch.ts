import type { Outlet } from "./outlet.ts";

/** Room for the output of one callback: many pipelined responses, or a head and a small body. */
const scratchBytes = 65536;

/**
 * The output buffer that all connections of a thread share. One connection at a time owns it;
 * everything that it writes during a callback leaves in one send(2) when the callback returns.
 */
export class Scratch {
  readonly bytes = new Uint8Array(scratchBytes);
  length = 0;
  owner: Outlet | null = null;
  #depth = 0;

  /** True inside a callback: output may wait for its end. */
  get corked(): boolean {
    return this.#depth > 0;
  }

  /** Begins a callback of the reactor. */
  enter(): void {
    this.#depth++;
  }

  /** Ends it; with the outermost one everything is sent. */
  leave(): void {
    if (--this.#depth === 0) this.flush();
  }

  flush(isLast = false): void {
    const owner = this.owner;
    if (owner === null) return;
    this.owner = null;
    const length = this.length;
    this.length = 0;
    if (length > 0) owner.send(this.bytes, 0, length, isLast);
  }
}

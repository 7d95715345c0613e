/** A program that is written to and read from through pipes. */
import { StartError } from "../../base/errors.ts";
import { libc } from "../../sys/libc.ts";
import { libcProcess } from "../../sys/libc_process.ts";
import { openPipe } from "../channel.ts";
import { openNothing } from "./command_output.ts";
import { spawn } from "./spawn.ts";

const readBytes = 256 * 1024;
const POLLIN = 1;

export class PipedProcess {
  readonly #input: number;
  readonly #output: number;
  readonly #exited: Promise<number>;
  readonly #piece = new Uint8Array(readBytes);
  /** struct pollfd, of eight bytes. */
  readonly #polled: Uint8Array<ArrayBuffer>;

  private constructor(input: number, output: number, exited: Promise<number>) {
    this.#input = input;
    this.#output = output;
    this.#exited = exited;
    this.#polled = new Uint8Array(new Int32Array([output, POLLIN]).buffer);
  }

  /**
   * Starts `file` with these words, an empty environment and a standard error that nobody reads.
   * Throws `StartError`.
   */
  static start(file: string, words: readonly string[]): PipedProcess {
    const input = openPipe(true);
    const output = openPipe(true);
    const nothing = openNothing();
    const child = spawn({
      command: words,
      file,
      environment: {},
      descriptors: [
        { ours: input.readEnd, number: 0 },
        { ours: output.writeEnd, number: 1 },
        { ours: nothing.fd, number: 2 },
      ],
    });
    nothing.close();
    libc.close(input.readEnd);
    libc.close(output.writeEnd);
    if (child.pid !== null) return new PipedProcess(input.writeEnd, output.readEnd, child.exited);
    libc.close(input.writeEnd);
    libc.close(output.readEnd);
    throw new StartError(`cannot run ${words[0]}: ${child.reason}`);
  }

  /** Waits until it has taken the bytes. When it has ended they are lost, and `read` says so. */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < bytes.length;) {
      const count = libc.write(this.#input, bytes.subarray(at), bytes.length - at);
      if (count < 0) return;
      at += count;
    }
  }

  /**
   * The next bytes of its output, valid until the next call; null at the end. Holds this thread up
   * for at most `waitMs`, because Deno's thread pool takes half a millisecond to wake it.
   */
  async read(waitMs: number): Promise<Uint8Array | null> {
    const isReady = libcProcess.poll(this.#polled, 1n, waitMs) > 0;
    const count = isReady
      ? libc.read(this.#output, this.#piece, this.#piece.length)
      : await libcProcess.read_parked(this.#output, this.#piece, this.#piece.length);
    return count > 0 ? this.#piece.subarray(0, count) : null;
  }

  /** Tells it that no more input comes. */
  closeInput(): void {
    libc.close(this.#input);
  }

  /** Waits for its end; call it after `closeInput`, with no `read` pending. */
  async close(): Promise<void> {
    await this.#exited;
    libc.close(this.#output);
  }
}

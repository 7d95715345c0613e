/** Output of a short-lived command: keeps the first line, reads and drops the rest. */
import { StartError } from "../../base/errors.ts";
import { libc } from "../../sys/libc.ts";
import { O } from "../../sys/descriptor_flags.ts";
import { cString, libcProcess } from "../../sys/libc_process.ts";
import { openPipe } from "../channel.ts";
import { descriptorWatch } from "../descriptor_watch.ts";

/** Longer lines are truncated for the log. */
const lineBytesMax = 256;
/** Maximum reads per call; a pipe holds 64 KB. */
const readsMax = 16;

/** An empty input, for a command that must not read this process's. Throws `StartError`. */
export function openNothing(): { readonly fd: number; close(): void } {
  const fd = libcProcess.open(cString("/dev/null"), O.cloexec, 0);
  if (fd < 0) throw new StartError("cannot open /dev/null: too many open files?");
  return { fd, close: () => void libc.close(fd) };
}

export class CommandOutput {
  /** For the command's standard output and error; -1 after it is closed here. */
  writeEnd: number;
  #readEnd: number;
  #text = "";
  readonly #decoder = new TextDecoder();

  /** Throws `StartError` when no descriptors are left. */
  constructor() {
    const { readEnd, writeEnd } = openPipe();
    this.writeEnd = writeEnd;
    this.#readEnd = readEnd;
    descriptorWatch.watch(readEnd, () => this.#read());
  }

  /** Call it after the spawn, so that only the command's own copies keep the pipe open. */
  closeWriteEnd(): void {
    if (this.writeEnd >= 0) libc.close(this.writeEnd);
    this.writeEnd = -1;
  }

  /** The first line of the output so far that is not blank. */
  firstLine(): string {
    // Read the rest of the pipe; bounded, because a writer may fill it as fast as it is read.
    for (let reads = 0; reads < readsMax && this.#readEnd >= 0 && this.#read(); reads++);
    const line = this.#text.split("\n").find((each) => each.trim() !== "") ?? "";
    return line.trim().slice(0, lineBytesMax);
  }

  /** Stops reading, even if a process started by the command still holds the other end. */
  close(): void {
    this.closeWriteEnd();
    if (this.#readEnd < 0) return;
    descriptorWatch.forget(this.#readEnd);
    libc.close(this.#readEnd);
    this.#readEnd = -1;
  }

  /** True when there may be more to read. */
  #read(): boolean {
    const bytes = new Uint8Array(4096);
    const count = libc.read(this.#readEnd, bytes, bytes.length);
    if (count > 0) {
      const text = this.#decoder.decode(bytes.subarray(0, count), { stream: true });
      if (this.#text.length < 16 * lineBytesMax) this.#text += text;
    } else if (count === 0) {
      // A pipe at its end stays readable, so it must be closed.
      this.close();
    }
    return count > 0;
  }
}

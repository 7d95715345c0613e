/** What a short-lived command says: the first line is kept, the rest is read and dropped. */
import { StartError } from "../base/errors.ts";
import { libc } from "../sys/libc.ts";
import { cString, libcProcess, O } from "../sys/libc_process.ts";
import { openPipe } from "./channel.ts";
import { descriptorWatch } from "./descriptor_watch.ts";

/** More of a line is of no use in a log. */
const lineBytesMax = 256;
/** A pipe holds 64 KB. */
const readsMax = 16;

/** An input with nothing in it, for a command that shall not read ours. Throws `StartError`. */
export function openNothing(): { readonly fd: number; close(): void } {
  const fd = libcProcess.open(cString("/dev/null"), O.cloexec, 0);
  if (fd < 0) throw new StartError("cannot open /dev/null: are there too many open files?");
  return { fd, close: () => void libc.close(fd) };
}

export class CommandOutput {
  /** For the command's standard output and error; -1 once it is closed here. */
  writeEnd: number;
  #readEnd: number;
  #text = "";
  readonly #decoder = new TextDecoder();

  /** Throws `StartError` without descriptors. */
  constructor() {
    const { readEnd, writeEnd } = openPipe();
    this.writeEnd = writeEnd;
    this.#readEnd = readEnd;
    descriptorWatch.watch(readEnd, () => this.#read());
  }

  /** Call it after the spawn: only the command's own copies keep the pipe open then. */
  closeWriteEnd(): void {
    if (this.writeEnd >= 0) libc.close(this.writeEnd);
    this.writeEnd = -1;
  }

  /** The first line with anything in it, of what has been said until now. */
  firstLine(): string {
    // What is left in the pipe; somebody may fill it as fast as it is read.
    for (let reads = 0; reads < readsMax && this.#readEnd >= 0 && this.#read(); reads++);
    const line = this.#text.split("\n").find((each) => each.trim() !== "") ?? "";
    return line.trim().slice(0, lineBytesMax);
  }

  /** Somebody that the command left behind may hold the other end; nobody listens to it any more. */
  close(): void {
    this.closeWriteEnd();
    if (this.#readEnd < 0) return;
    descriptorWatch.forget(this.#readEnd);
    libc.close(this.#readEnd);
    this.#readEnd = -1;
  }

  /** True when there may be more. */
  #read(): boolean {
    const bytes = new Uint8Array(4096);
    const count = libc.read(this.#readEnd, bytes, bytes.length);
    if (count > 0) {
      const text = this.#decoder.decode(bytes.subarray(0, count), { stream: true });
      if (this.#text.length < 16 * lineBytesMax) this.#text += text;
    } else if (count === 0) {
      // A pipe at its end is readable for ever.
      this.close();
    }
    return count > 0;
  }
}

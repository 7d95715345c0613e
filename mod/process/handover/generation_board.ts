/**
 * Where a supervisor writes about its generations, and its workers read: a file in memory that they
 * inherit, so that those that serve learn why a newer one has failed. Nothing is sent, and a reader
 * cannot hold up the writer.
 */
import { libc } from "../../sys/libc.ts";
import { fileCalls, openReadFlags } from "../../sys/file_calls.ts";
import { cString } from "../../sys/libc_process.ts";
import { MemoryFile, openMemoryFile } from "../../sys/memory_file.ts";
import { dropVariable, getVariable } from "../environment.ts";
import { type GenerationReport, readReport } from "./generation_report.ts";
import { keepFromChildren } from "./inherited.ts";

/** Environment variable of a worker: the descriptor number of the board. */
export const boardVariable = "HAYATE_GENERATIONS";

/** Above any report: 16 entries of at most some 1,000 bytes. */
const bytesMax = 65_536;
/** A reader that meets a writer looks again. */
const readsMax = 5;

/** The supervisor's side. */
export class GenerationBoard {
  readonly #file: MemoryFile;
  /** For workers; read-only where that can be had. */
  readonly readEnd: number;
  #revision = 0;
  #written = "";

  private constructor(file: MemoryFile) {
    this.#file = file;
    const reader = fileCalls.open(cString(file.path), openReadFlags, 0);
    this.readEnd = reader >= 0 ? reader : file.fd;
  }

  /** null: this kernel has no files in memory. */
  static open(): GenerationBoard | null {
    const file = openMemoryFile("generations");
    return file === null ? null : new GenerationBoard(file);
  }

  /** Goes on with the descriptor that the program before this one has left (execve(2)). */
  static adopt(fd: number): GenerationBoard {
    return new GenerationBoard(new MemoryFile(fd));
  }

  /** The descriptor to keep over execve(2). */
  get writeEnd(): number {
    return this.#file.fd;
  }

  /** Replaces what is there. */
  write(report: GenerationReport): void {
    const json = JSON.stringify(report);
    if (json === this.#written) return;
    this.#written = json;
    // The same number before and behind shows a reader that it has not met a write.
    const mark = `${++this.#revision}:${crypto.randomUUID()}`;
    const bytes = new TextEncoder().encode(`${mark}\n${json}\n${mark}\n`);
    if (bytes.length > bytesMax) return;
    fileCalls.pwrite64(this.#file.fd, bytes, bytes.length, 0n);
  }

  /** What is there now. */
  read(): GenerationReport | null {
    return readBoard(this.#file.fd);
  }

  close(): void {
    if (this.readEnd !== this.#file.fd) libc.close(this.readEnd);
    this.#file.close();
  }
}

let claimed: InheritedBoard | null | undefined;

/** The worker's side. */
export class InheritedBoard {
  readonly #fd: number;
  #last: GenerationReport | null = null;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * null: no supervisor tells anything. Removes the variable from the environment, so that no child
   * takes another descriptor of that number for the board; later calls return the same.
   */
  static claim(): InheritedBoard | null {
    if (claimed === undefined) claimed = InheritedBoard.#take();
    return claimed;
  }

  static #take(): InheritedBoard | null {
    const number = getVariable(boardVariable) ?? "";
    dropVariable(boardVariable);
    if (!/^\d{1,9}$/.test(number) || Number(number) < 3) return null;
    keepFromChildren(Number(number));
    return new InheritedBoard(Number(number));
  }

  /** The last whole report; null: there is none. */
  read(): GenerationReport | null {
    return this.#last = readBoard(this.#fd) ?? this.#last;
  }
}

function readBoard(fd: number): GenerationReport | null {
  const bytes = new Uint8Array(bytesMax);
  for (let reads = 0; reads < readsMax; reads++) {
    const length = fileCalls.pread64(fd, bytes, bytes.length, 0n);
    if (length <= 0) return null;
    // What a longer report has left behind the last mark does not count.
    const [mark, json, again] = new TextDecoder().decode(bytes.subarray(0, length)).split("\n", 3);
    if (mark === again) return readReport(json);
  }
  return null;
}

/**
 * A running esbuild that is asked over pipes. It asks back, for the plug-in of a build.
 *
 * A process of its own because nothing else of its kind is as fast: mod/README.md has the figures.
 * It ends when its standard input is closed, also when this process is killed.
 */
import { StartError } from "../../base/errors.ts";
import { PipedProcess } from "../../process/children/piped_process.ts";
import { decodePacket, encodePacket, PacketBuffer, type Value } from "./packets.ts";
import { openEsbuild, type OpenProgram } from "./program.ts";
import { esbuildVersion } from "./version.ts";

/** A request or a response; all are records. */
export type Message = Readonly<Record<string, Value>>;

/** Answers what esbuild asks during a build. */
export type Answer = (request: Message) => Message | Promise<Message>;

/** More microtasks than an answer takes that needs only files. */
const answerTurns = 16;
/** Longer than esbuild takes for one of an app's modules. */
const waitMs = 5;

export class EsbuildService {
  readonly #program: OpenProgram;
  readonly #process: PipedProcess;
  readonly #answer: Answer;
  readonly #waiting = new Map<number, PromiseWithResolvers<Message>>();
  readonly #ended: Promise<void>;
  #lastId = 0;

  private constructor(program: OpenProgram, process: PipedProcess, answer: Answer) {
    this.#program = program;
    this.#process = process;
    this.#answer = answer;
    this.#ended = this.#read();
  }

  /** Starts esbuild. Throws `StartError`. */
  static start(answer: Answer): EsbuildService {
    const program = openEsbuild();
    try {
      const words = ["esbuild", `--service=${esbuildVersion}`];
      return new EsbuildService(program, PipedProcess.start(program.path, words), answer);
    } finally {
      program.close();
    }
  }

  /** Sends a request and resolves to its response. Rejects with `StartError` if esbuild has ended. */
  request(message: Message): Promise<Message> {
    const id = this.#lastId++;
    const waiting = Promise.withResolvers<Message>();
    this.#waiting.set(id, waiting);
    this.#send(id, true, message);
    return waiting.promise;
  }

  /** Ends esbuild and waits until it has gone. */
  async close(): Promise<void> {
    this.#process.closeInput();
    await this.#ended;
    await this.#process.close();
    this.#program.onEnd();
  }

  #send(id: number, isRequest: boolean, value: Message): void {
    this.#process.write(encodePacket({ id, isRequest, value }));
  }

  async #read(): Promise<void> {
    const buffer = new PacketBuffer();
    let isFirst = true;
    for (let piece = await this.#process.read(0); piece !== null;) {
      buffer.add(piece);
      for (let bytes = buffer.next(); bytes !== null; bytes = buffer.next()) {
        // The first packet is the version, which we have named.
        if (!isFirst) this.#take(bytes);
        isFirst = false;
      }
      // It has nothing to say before it has our answers, which take some microtasks.
      for (let turn = 0; turn < answerTurns; turn++) await null;
      piece = await this.#process.read(this.#waiting.size > 0 ? waitMs : 0);
    }
    const ended = new StartError("the embedded esbuild has ended: out of memory?");
    for (const { reject } of this.#waiting.values()) reject(ended);
    this.#waiting.clear();
  }

  #take(bytes: Uint8Array): void {
    const { id, isRequest, value } = decodePacket(bytes);
    if (isRequest) return void this.#respond(id, value as Message);
    this.#waiting.get(id)?.resolve(value as Message);
    this.#waiting.delete(id);
  }

  async #respond(id: number, request: Message): Promise<void> {
    const isPing = request["command"] === "ping";
    this.#send(id, false, isPing ? {} : await this.#answer(request));
  }
}

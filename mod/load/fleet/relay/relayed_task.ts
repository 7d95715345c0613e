/** The connection of one task, at the relay. */
import type { PeerError } from "../../../base/errors.ts";
import type { Socket, SocketHandler } from "../../../net/reactor.ts";
import { lineBytesMax, LineReader } from "../wire/lines.ts";
import { type Greeting, greetingBytesMax, readGreeting } from "../wire/relay_messages.ts";
import { SocketWriter } from "../wire/socket_writer.ts";

/** How long a connection may take to greet. */
const greetingMaxMs = 10_000;

/** Of the relay, what a connection needs. */
export interface RelayDesk {
  meet(task: RelayedTask): void;
  /** False: the connection is none of a task's. */
  admit(task: RelayedTask, greeting: Greeting): boolean;
  /** A line for the coordinator. */
  bring(task: RelayedTask, line: string): void;
  /** A line of the coordinator's is on its way. */
  take(task: RelayedTask): void;
  leave(task: RelayedTask, reason: string): void;
}

export class RelayedTask implements SocketHandler {
  /** 0: it has not greeted. */
  number = 0;
  readonly #socket: Socket;
  readonly #desk: RelayDesk;
  readonly #writer: SocketWriter;
  readonly #sinceMs = performance.now();
  readonly #reader = new LineReader((line) => this.#take(line));
  #strangeBytes = 0;
  #isOver = false;
  readonly #encoder = new TextEncoder();

  constructor(socket: Socket, desk: RelayDesk) {
    this.#socket = socket;
    this.#desk = desk;
    this.#writer = new SocketWriter(socket);
    desk.meet(this);
  }

  /** Sends a line of the coordinator's; gives a task up that reads nothing. */
  send(line: string): void {
    this.#writer.write(this.#encoder.encode(`${line}\n`), () => this.#desk.take(this));
    if (this.#writer.bytes > lineBytesMax) this.#refuse("it reads nothing");
  }

  close(): void {
    this.#writer.shutdown();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  abort(): void {
    this.#socket.abort();
  }

  /** Called now and then until it has greeted. */
  look(nowMs: number): void {
    if (nowMs - this.#sinceMs > greetingMaxMs) this.#refuse("no greeting");
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    if (this.number === 0) this.#strangeBytes += end - start;
    if (this.#strangeBytes > greetingBytesMax) return this.#refuse("a greeting without an end");
    // A copy: the reader keeps what has no line feed yet, the reactor uses its buffer again.
    if (!this.#reader.take(bytes.slice(start, end))) this.#refuse("it sent a line without an end");
  }

  onDrain(): void {
    this.#writer.flush();
  }

  onEnd(): void {
    this.#leave("the connection to it ended");
    this.#socket.close();
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#leave(`the connection to it failed: ${error.message}`);
  }

  #take(line: string): void {
    if (this.#isOver) return;
    if (this.number === 0) this.#greet(line);
    else this.#desk.bring(this, line);
  }

  #greet(line: string): void {
    const greeting = readGreeting(line);
    if (typeof greeting === "string") return this.#refuse(greeting);
    if (!this.#desk.admit(this, greeting.value)) return this.#refuse("it is no task of this run");
  }

  #refuse(reason: string): void {
    this.#leave(reason);
    this.#socket.abort();
  }

  #leave(reason: string): void {
    this.#isOver = true;
    this.#writer.drop();
    this.#desk.leave(this, reason);
  }
}

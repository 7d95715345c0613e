import type { Address } from "../../base/address.ts";
import { delay } from "../../std/async.ts";
import { removeSocketPath, socketInode } from "../unix_path.ts";
import type { AcceptHandler, Listener, SocketHandler } from "../reactor.ts";
import { fromDeno, PortableSocket } from "./portable_socket.ts";
import type { PortableReactor } from "./portable_reactor.ts";

/** How long accepting pauses after an error such as EMFILE, which would recur at once. */
const restMs = 100;
/** The queue counts as empty after this many turns of Deno's loop without a connection. */
const quietTurnsMin = 3;

/** Placeholder until the accept handler returns the real handler; it is never called. */
const noHandler: SocketHandler = {
  onOpen() {},
  onData() {},
  onDrain() {},
  onEnd() {},
  onClose() {},
};

/** Adapts a `Deno.Listener` to callbacks, with one `accept` at a time. */
export class PortableListener implements Listener {
  readonly reactor: PortableReactor;
  readonly listener: Deno.Listener;
  readonly onAccept: AcceptHandler;
  readonly fd = -1;
  readonly address: Address;
  readonly #inode: number | null;
  #acceptedCount = 0;
  #isClosing = false;
  #isPaused: boolean;
  #resume: (() => void) | null = null;
  /** Accepted, but not handed over while the listener is paused or the reactor does not run. */
  #waiting: Deno.Conn | null = null;
  /** Incremented by every accept; closing waits until it stops changing. */
  #serial = 0;

  constructor(
    reactor: PortableReactor,
    listener: Deno.Listener,
    onAccept: AcceptHandler,
    paused: boolean,
  ) {
    this.reactor = reactor;
    this.listener = listener;
    this.onAccept = onAccept;
    this.#isPaused = paused;
    this.address = fromDeno(listener.addr);
    this.#inode = this.address.kind === "unix" ? socketInode(this.address.path) : null;
    this.#acceptLoop().catch(reactor.fail);
  }

  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wakeLoop();
  }

  /**
   * Deno cannot check the accept queue without waiting, so the descriptor stays open until a few
   * turns of Deno's loop have passed without another connection.
   */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#wakeLoop();
    this.reactor.beginWork();
    this.#closeWhenEmpty().catch(this.reactor.fail).finally(() => this.reactor.endWork());
  }

  async #closeWhenEmpty(): Promise<void> {
    // Bounded, because a flood of new connections would otherwise keep the listener open.
    let quietTurns = 0;
    for (let turn = 0; turn < 64 && quietTurns < quietTurnsMin; turn++) {
      const before = this.#serial;
      await delay(0);
      if (!this.reactor.isRunning) break;
      quietTurns = this.#serial === before ? quietTurns + 1 : 0;
    }
    this.listener.close();
    // Accepted after the end of `run`: no callback will ever see it.
    if (!this.reactor.isRunning) this.#waiting?.close();
    // Deno removes the socket file when the pending accept has released the socket, which is too
    // late at the end of a program.
    if (this.address.kind === "unix") removeSocketPath(this.address.path, this.#inode);
  }

  async #acceptLoop(): Promise<void> {
    const { reactor } = this;
    for (;;) {
      if (this.#isPaused && !this.#isClosing) await this.#untilResumed();
      let conn: Deno.Conn;
      try {
        conn = await this.listener.accept();
      } catch (error) {
        // `close` ends the loop: accept on a closed listener throws.
        if (this.#isClosing) return;
        await this.#rest(error);
        continue;
      }
      this.#waiting = conn;
      while ((this.#isPaused && !this.#isClosing) || !reactor.isRunning) {
        await (reactor.isRunning ? this.#untilResumed() : reactor.whenRunning());
      }
      this.#waiting = null;
      this.#serial++;
      this.#acceptedCount++;
      this.#hand(conn);
    }
  }

  #hand(conn: Deno.Conn): void {
    const socket = new PortableSocket(this.reactor, noHandler, "downstream", null);
    socket.attach(conn);
    this.reactor.beforeCallback();
    socket.handler = this.onAccept(socket, this);
    this.reactor.afterCallback();
  }

  /** The connection that could not be accepted stays in the queue, or is gone (ECONNABORTED). */
  async #rest(error: unknown): Promise<void> {
    if (error instanceof Deno.errors.ConnectionAborted) return;
    await delay(restMs);
  }

  #untilResumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  #wakeLoop(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }
}

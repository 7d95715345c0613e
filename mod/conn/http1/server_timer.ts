import { Deadline } from "../../base/timer_wheel.ts";
import type { ServerHost } from "../exchange/server_host.ts";

/** How long a closed connection waits for the client's FIN. */
const lingerMs = 2_000;

/** The connection that owns a timer. */
export interface TimerOwner {
  /** The deadline that was armed last has passed. */
  onTimeout(): void;
  /** The client has taken none of the queued output in time. */
  onWriteTimeout(): void;
}

/**
 * The deadline of a client's connection: for the next request, the rest of a head, more of a body, or,
 * before all of these, for progress of queued output.
 */
export class ServerTimer extends Deadline {
  readonly #host: ServerHost;
  readonly #owner: TimerOwner;
  /** Deadline for a head that has begun to arrive; 0: none has. */
  #headDeadlineMs = 0;
  /** Deadline for progress of the queued output; 0 when none is queued. */
  #writeDeadlineMs = 0;

  constructor(host: ServerHost, owner: TimerOwner) {
    super();
    this.#host = host;
    this.#owner = owner;
    this.armIdle();
  }

  /** When the connection became idle. Without an idle timeout that is unknown: NaN. */
  get idleSinceMs(): number {
    return this.deadlineMs - this.#host.idleMs;
  }

  /** A part of a head has arrived. */
  get isInHead(): boolean {
    return this.#headDeadlineMs !== 0;
  }

  armIdle(): void {
    const { reactor, idleMs } = this.#host;
    this.#headDeadlineMs = 0;
    reactor.wheel.arm(this, reactor.nowMs + idleMs);
  }

  /** The deadline for a head runs from its first byte, however slowly the rest arrives. */
  armHead(): void {
    const { options, reactor } = this.#host;
    this.#headDeadlineMs = reactor.nowMs + (options.headTimeoutMs || Infinity);
    reactor.wheel.arm(this, this.#headDeadlineMs);
  }

  /** The head is complete. The old deadline remains armed until another one replaces it. */
  endHead(): void {
    this.#headDeadlineMs = 0;
  }

  armBody(): void {
    const { options, reactor } = this.#host;
    reactor.wheel.arm(this, reactor.nowMs + (options.bodyTimeoutMs || Infinity));
  }

  /** Output is queued; the deadline runs from the first time. */
  beginWrite(): void {
    if (this.#writeDeadlineMs === 0) this.armWrite();
  }

  /** Some of the queued output has been sent. */
  armWrite(): void {
    const { options, reactor } = this.#host;
    this.#writeDeadlineMs = reactor.nowMs + (options.writeTimeoutMs || Infinity);
    reactor.wheel.arm(this, this.#writeDeadlineMs);
  }

  /** All of the queued output has been sent. */
  endWrite(): void {
    this.#writeDeadlineMs = 0;
  }

  armLinger(): void {
    const { reactor } = this.#host;
    reactor.wheel.arm(this, reactor.nowMs + lingerMs);
  }

  disarm(): void {
    this.#host.reactor.wheel.disarm(this);
  }

  override onDeadline(nowMs: number): void {
    if (this.#writeDeadlineMs === 0) return this.#owner.onTimeout();
    if (nowMs < this.#writeDeadlineMs) {
      return this.#host.reactor.wheel.arm(this, this.#writeDeadlineMs);
    }
    this.#owner.onWriteTimeout();
  }
}

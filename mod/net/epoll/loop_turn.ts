/**
 * Gives Deno's event loop one turn: timers, signals, messages and promises run, then we continue.
 *
 * An immediate would be cheaper, but does not make the loop poll descriptors each time: under load
 * a signal then waits for 140 ms.
 */
export class LoopTurn {
  #channel: MessageChannel | null = null;
  #proceed: () => void = () => {};
  readonly #start = (proceed: () => void) => {
    this.#proceed = proceed;
    this.#channel!.port2.postMessage(0);
  };

  open(): void {
    this.#channel = new MessageChannel();
    this.#channel.port1.onmessage = () => this.#proceed();
  }

  /** Resolves after the turn. One promise per turn, which is one per 50 ms under load. */
  take(): Promise<void> {
    return new Promise(this.#start);
  }

  /** Must be called: the open port would keep the process alive. */
  close(): void {
    this.#channel?.port1.close();
    this.#channel?.port2.close();
    this.#channel = null;
  }
}

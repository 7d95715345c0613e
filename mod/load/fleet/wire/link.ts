/** A way between the coordinator and one machine. */

export interface LinkHandler {
  /** A line from the other end. */
  onLine(line: string): void;
  /** The last event: why nothing more comes. */
  onEnd(reason: string): void;
}

/** One end of it. */
export interface Link {
  /** Sends a message as a line; resolves when it is on its way, or when the link has ended. */
  send(message: unknown): Promise<void>;
  /** Ends the link, without an event. What was sent still arrives where that is possible. */
  close(): void;
}

/** How a machine is called, and its link once it is there. */
export interface Arrival {
  readonly name: string;
  open(handler: LinkHandler): Link;
}

/** A machine that did not come. */
export interface Absence {
  readonly name: string;
  /** One line. */
  readonly reason: string;
}

/** Machines of one kind: starts them, and removes what it has started. */
export interface Machines {
  /** One for each machine; none rejects. Throws `StartError` when none can be had. */
  gather(): Promise<readonly Promise<Arrival | Absence>[]>;
  /** Why those that are not there yet are not; null: unknown. */
  waitingFor(): string | null;
  /** Ends what still runs and removes everything that `gather` has made. Never throws. */
  close(): Promise<void>;
}

/** Counters of one worker; plain numbers, read by the status pages. */
import type { ConnectionTally } from "../../conn/http_server.ts";

/** What happened at one listener. */
export class ListenerMetrics implements ConnectionTally {
  accepted = 0;
  open = 0;
  requests = 0;
  /** Handshakes that were begun and not completed. */
  tlsFailures = 0;
  /** Handshakes that were completed. */
  tlsHandshakes = 0;
  /** Requests that were refused before anybody could answer them, by what was wrong. */
  readonly faults = new Map<string, number>();

  noteFault(phrase: string, count = 1): void {
    this.faults.set(phrase, (this.faults.get(phrase) ?? 0) + count);
  }
}

/** A plan that is in force, or whose last requests are being answered. */
export class Generation {
  readonly number: number;
  /** Open client connections. */
  readonly connections: () => number;
  readonly sinceMs = Date.now();
  isEnding = false;

  constructor(number: number, connections: () => number) {
    this.number = number;
    this.connections = connections;
  }
}

/** As JSON. */
export interface ListenerCounters {
  readonly name: string;
  readonly accepted: number;
  readonly open: number;
  readonly requests: number;
  readonly tlsFailures: number;
  readonly tlsHandshakes: number;
  readonly faults: readonly { readonly name: string; readonly count: number }[];
}

/** Access logs of a plan. */
export interface LosingLogs {
  /** Lines that their targets did not take. */
  readonly lostCount: number;
}

export class EngineMetrics {
  /** Clients that were gone before their response began or was complete. */
  clientAborts = 0;
  /** Responses that an upstream broke off behind their head. */
  cutResponses = 0;
  /** By hundreds: index 1 counts 1xx. */
  readonly statusClasses = new Float64Array(6);
  /** Errors that were answered here, not by an upstream; index 0 counts 400. */
  readonly ownErrors = new Float64Array(200);
  /** Access-log lines that were lost; asked for when somebody looks. */
  lostLogLines: () => number = () => {
    let count = this.#lostByClosed;
    for (const { lostCount } of this.#logs) count += lostCount;
    return count;
  };
  /** Of this process, or of this master's workers. */
  readonly generations = new Set<Generation>();
  readonly #listeners = new Map<string, ListenerMetrics>();
  readonly #logs = new Set<LosingLogs>();
  #lostByClosed = 0;

  /** Counts what these logs lose, too. */
  addLogs(logs: LosingLogs): void {
    this.#logs.add(logs);
  }

  /** Logs that have been closed: what they had lost still counts. */
  endLogs(logs: LosingLogs): void {
    if (this.#logs.delete(logs)) this.#lostByClosed += logs.lostCount;
  }

  noteStatus(status: number): void {
    const index = status / 100 | 0;
    if (index >= 1 && index <= 5) this.statusClasses[index]++;
  }

  /** An error of our own is answered, by its text or by an error document. */
  noteOwnError(status: number): void {
    if (status >= 400 && status < 600) this.ownErrors[status - 400]++;
  }

  /** Requests of all listeners. */
  get requests(): number {
    return this.#sum((listener) => listener.requests);
  }

  /** Open client connections of all listeners. */
  get connections(): number {
    return this.#sum((listener) => listener.open);
  }

  #sum(value: (listener: ListenerMetrics) => number): number {
    let sum = 0;
    for (const listener of this.#listeners.values()) sum += value(listener);
    return sum;
  }

  /** The counters of a listener; they go on when a reload keeps its address. */
  listener(name: string): ListenerMetrics {
    let listener = this.#listeners.get(name);
    if (listener === undefined) this.#listeners.set(name, listener = new ListenerMetrics());
    return listener;
  }

  listeners(): ListenerCounters[] {
    return [...this.#listeners].map((
      [name, { accepted, open, requests, tlsFailures, tlsHandshakes, faults }],
    ) => ({
      name,
      accepted,
      open,
      requests,
      tlsFailures,
      tlsHandshakes,
      faults: [...faults].map(([name, count]) => ({ name, count })),
    }));
  }

  /** Counters of listeners become those of the workers together. */
  assign(listeners: readonly ListenerCounters[]): void {
    this.#listeners.clear();
    for (const one of listeners) {
      const { name, accepted, open, requests, tlsFailures, tlsHandshakes, faults } = one;
      const listener = this.listener(name);
      listener.accepted += accepted;
      listener.open += open;
      listener.requests += requests;
      listener.tlsFailures += tlsFailures;
      listener.tlsHandshakes += tlsHandshakes;
      for (const fault of faults) listener.noteFault(fault.name, fault.count);
    }
  }
}

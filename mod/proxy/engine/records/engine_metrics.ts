/** Counters of one worker: plain numbers, read by the status pages. */
import { Http2Counters, type Http2Figures } from "../../../conn/exchange/http2_counters.ts";
import type { ConnectionTally } from "../../../conn/http_server.ts";

/** Counters of one listener. */
export class ListenerMetrics implements ConnectionTally {
  accepted = 0;
  open = 0;
  requests = 0;
  /** Handshakes that began and did not complete. */
  tlsFailures = 0;
  /** Handshakes that completed. */
  tlsHandshakes = 0;
  /** Those of its connections that speak HTTP/2. */
  readonly http2 = new Http2Counters();
  /** Requests refused before they reached a handler, counted by reason. */
  readonly faults = new Map<string, number>();

  noteFault(phrase: string, count = 1): void {
    this.faults.set(phrase, (this.faults.get(phrase) ?? 0) + count);
  }
}

/** A plan that is in force, or that still has requests in progress. */
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

/** A listener's counters as JSON. */
export interface ListenerCounters {
  readonly name: string;
  readonly accepted: number;
  readonly open: number;
  readonly requests: number;
  readonly tlsFailures: number;
  readonly tlsHandshakes: number;
  readonly http2: Http2Figures;
  readonly faults: readonly { readonly name: string; readonly count: number }[];
}

/** Access logs of a plan that may lose lines. */
export interface LosingLogs {
  /** Lines that could not be written to their targets. */
  readonly lostCount: number;
}

export class EngineMetrics {
  /** Clients that disconnected before their response was complete. */
  clientAborts = 0;
  /** Responses that an upstream broke off after the head. */
  cutResponses = 0;
  /** Responses by status class: index 1 counts 1xx. */
  readonly statusClasses = new Float64Array(6);
  /** Error responses made by the proxy itself, not by an upstream; index 0 counts 400. */
  readonly ownErrors = new Float64Array(200);
  /** Lost access-log lines; computed on demand. */
  lostLogLines: () => number = () => {
    let count = this.#lostByClosed;
    for (const { lostCount } of this.#logs) count += lostCount;
    return count;
  };
  /** Generations of this process, or of all workers of this master. */
  readonly generations = new Set<Generation>();
  readonly #listeners = new Map<string, ListenerMetrics>();
  readonly #logs = new Set<LosingLogs>();
  #lostByClosed = 0;

  /** Includes lines lost by these logs in the count. */
  addLogs(logs: LosingLogs): void {
    this.#logs.add(logs);
  }

  /** Removes closed logs; the lines that they lost stay in the count. */
  endLogs(logs: LosingLogs): void {
    if (this.#logs.delete(logs)) this.#lostByClosed += logs.lostCount;
  }

  noteStatus(status: number): void {
    const index = status / 100 | 0;
    if (index >= 1 && index <= 5) this.statusClasses[index]++;
  }

  /** Counts an error response of our own, whether sent as text or as an error document. */
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

  /** Counters of a listener; kept over a reload when the address stays the same. */
  listener(name: string): ListenerMetrics {
    let listener = this.#listeners.get(name);
    if (listener === undefined) this.#listeners.set(name, listener = new ListenerMetrics());
    return listener;
  }

  listeners(): ListenerCounters[] {
    return [...this.#listeners].map((
      [name, { accepted, open, requests, tlsFailures, tlsHandshakes, http2, faults }],
    ) => ({
      name,
      accepted,
      open,
      requests,
      tlsFailures,
      tlsHandshakes,
      http2: http2.figures(),
      faults: [...faults].map(([name, count]) => ({ name, count })),
    }));
  }

  /** Replaces the counters of listeners with the totals of all workers. */
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
      listener.http2.add(one.http2);
      for (const fault of faults) listener.noteFault(fault.name, fault.count);
    }
  }
}

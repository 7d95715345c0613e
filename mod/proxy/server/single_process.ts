/** A process that serves one plan after another on the same sockets. */
import type { Leaving, Pausable } from "../../process/signals/pausing.ts";
import type { Health } from "../../probes/health.ts";
import type { ProxyPlan } from "../plan/plan.ts";
import { ProxyServer, type ServerParts } from "./server.ts";

export class SingleProcess implements Pausable, Leaving, Health {
  readonly #parts: ServerParts;
  readonly #retiring = new Map<ProxyServer, Promise<void>>();
  #current: ProxyServer;
  /** Being prepared to replace the current server; null outside a reload. */
  #next: ProxyServer | null = null;
  #generation: number | null;
  #isPaused = false;
  #isDraining = false;
  #isLeaving = false;

  constructor(plan: ProxyPlan, parts: ServerParts) {
    this.#parts = parts;
    this.#generation = parts.generation;
    this.#current = this.#serverOf(plan, parts.generation, null);
  }

  /** See `Health`. */
  unready(query: string): string | null {
    return this.#current.unready(query);
  }

  /** Opens the sockets. Throws `StartError`. */
  listen(): void {
    this.#current.listen();
  }

  /**
   * Starts to accept once it is known which peers are up. The reactor must be running. Returns
   * false when it was drained meanwhile and serves nothing.
   */
  async start(): Promise<boolean> {
    await this.#current.prepare();
    if (this.#isDraining) return false;
    this.#current.serve();
    return true;
  }

  /**
   * Serves `plan` from now on. Connections that were accepted before stay with the previous plan.
   * Throws `StartError`; then nothing has changed.
   */
  async reload(plan: ProxyPlan): Promise<void> {
    // A supervisor counts the generations itself.
    const generation = this.#parts.listeners.isInherited
      ? this.#generation
      : (this.#generation ?? 1) + 1;
    const next = this.#serverOf(plan, generation, this.#current);
    try {
      next.listen();
    } catch (error) {
      await next.discard();
      throw error;
    }
    this.#next = next;
    await next.prepare();
    this.#next = null;
    // `drain` has discarded `next` already.
    if (this.#isDraining) return;
    next.serve();
    this.#generation = generation;
    if (this.#isPaused) next.pause();
    if (this.#isLeaving) next.leave();
    this.#retire(this.#current);
    this.#current = next;
  }

  /** For the list of changes. `fault`: why it failed; null: it did not. */
  noteReload(why: string, fault: string | null): void {
    this.#current.noteReload(why, fault);
  }

  /** Number of client connections under all plans. */
  connectionCount(): number {
    return this.#servers().reduce((sum, server) => sum + server.connectionCount, 0);
  }

  /** Frees memory that is kept for reuse. */
  releaseSpare(): void {
    for (const server of this.#servers()) server.releaseSpare();
    this.#parts.reactor.releaseSpare?.();
  }

  pause(): void {
    this.#isPaused = true;
    this.#current.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#current.resume();
  }

  /** A stop is near: goes on accepting, and closes each connection after its next response. */
  leave(): void {
    this.#isLeaving = true;
    for (const server of this.#servers()) server.leave();
  }

  /** Accepts no more, finishes what was accepted under all plans, then closes everything. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await Promise.all([
      this.#current.drain(this.#parts.lease?.isOver ?? false),
      this.#next?.discard(),
      ...this.#retiring.values(),
    ]);
  }

  /** Closes all connections at once. Returns how many exchanges and tunnels were under way. */
  cut(): number {
    return this.#servers().reduce((sum, server) => sum + server.cut(), 0);
  }

  reopenLogs(): void {
    for (const server of this.#servers()) server.reopenLogs();
  }

  async closeLogs(): Promise<void> {
    await this.#current.closeLogs();
  }

  #servers(): readonly ProxyServer[] {
    return [this.#current, ...this.#retiring.keys()];
  }

  #serverOf(
    plan: ProxyPlan,
    generation: number | null,
    previous: ProxyServer | null,
  ): ProxyServer {
    return new ProxyServer(plan, { ...this.#parts, generation }, previous);
  }

  #retire(server: ProxyServer): void {
    const end = async () => {
      await server.retire();
      await server.closeLogs();
      this.#retiring.delete(server);
    };
    this.#retiring.set(server, end());
  }
}

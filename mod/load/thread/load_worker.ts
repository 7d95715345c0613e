/** A worker of a run. A user's script in it may loop forever or exit. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { delay } from "../../std/async.ts";
import type { FromWorker, ToWorker } from "./worker_messages.ts";
import { HookMark } from "../script/hook_mark.ts";

/** Timeout for the reply to a ping, while the script is in one hook all the time. */
const graceMs = 1000;
/** Of a thread that goes in and out of hooks: with many connections a turn of its loop takes long. */
const busyGraceMs = 30_000;
/** How often the hook is looked at. */
const lookMs = 50;

type Answer<K extends FromWorker["kind"]> = Extract<FromWorker, { kind: K }>;

interface PendingRequest {
  readonly kind: FromWorker["kind"];
  resolve(answer: FromWorker): void;
  reject(reason: Error): void;
}

export class LoadWorker {
  /** Shared memory of the mark: which hook the script is in. */
  readonly markMemory = new SharedArrayBuffer(HookMark.byteLength);
  readonly #mark = new HookMark(this.markMemory);
  readonly #worker: Worker;
  readonly #script: string | null;
  #pending: PendingRequest | null = null;
  #hasPong = false;

  /** `script`: path of the script that runs in it; null: no user code. */
  constructor(script: string | null) {
    this.#script = script;
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url).href, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new StartError(`a load thread failed: ${event.message}`, exitCodes.failed));
    };
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** Sends `message`; resolves to the answer of `kind`. Rejects with `StartError` when the worker fails. */
  request<K extends FromWorker["kind"]>(message: ToWorker, kind: K): Promise<Answer<K>> {
    return new Promise<FromWorker>((resolve, reject) => {
      this.#pending = { kind, resolve, reject };
      this.send(message);
    }) as Promise<Answer<K>>;
  }

  /**
   * Fails the pending request when the script is in one hook for `graceMs`, or with `evenAlive` after
   * that time even if the worker answers a ping. The error names the hook.
   */
  async endIfStuck(exitCode: number, evenAlive = false): Promise<void> {
    const pending = this.#pending;
    if (pending === null) return;
    this.#hasPong = false;
    this.send({ kind: "ping" });
    await this.#silence(pending, evenAlive);
    if (!evenAlive && (this.#pending !== pending || this.#hasPong)) return;
    if (pending.kind === "ready" && this.#pending !== pending) return;
    const name = this.#script ?? "a load thread";
    const place = this.#mark.place || "the script";
    const what = this.#hasPong ? "was still waiting" : "did not end: an endless loop?";
    this.#fail(new StartError(`${name}: ${place} ${what}`, exitCode));
    this.terminate();
  }

  /** Resolves when the worker has answered, or nothing is to be expected of it. */
  async #silence(pending: PendingRequest, evenAlive: boolean): Promise<void> {
    const startMs = performance.now();
    let place = this.#mark.place;
    let sinceMs = startMs;
    while (true) {
      await delay(lookMs);
      const nowMs = performance.now();
      const current = this.#mark.place;
      if (current === "" || current !== place) sinceMs = nowMs;
      place = current;
      if (nowMs - startMs < graceMs) continue;
      if (evenAlive || this.#hasPong || this.#pending !== pending) return;
      if (nowMs - sinceMs >= graceMs || nowMs - startMs >= busyGraceMs) return;
    }
  }

  terminate(): void {
    this.#worker.terminate();
  }

  #take(answer: FromWorker): void {
    if (answer.kind === "pong") {
      this.#hasPong = true;
      return;
    }
    if (answer.kind === "failed") {
      return this.#fail(new StartError(answer.message, answer.exitCode));
    }
    const pending = this.#pending;
    this.#pending = null;
    if (pending?.kind === answer.kind) return pending.resolve(answer);
    pending?.reject(new Error(`a load thread sent ${answer.kind} instead of ${pending.kind}`));
  }

  #fail(error: Error): void {
    const pending = this.#pending;
    this.#pending = null;
    pending?.reject(error);
  }
}

/** A worker of a run. A user's script in it may loop forever or exit. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { delay } from "../../std/async.ts";
import type { FromWorker, ToWorker } from "./worker_messages.ts";
import { HookMark } from "../script/hook_mark.ts";

/** Timeout for the reply to a ping. */
const graceMs = 1000;

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
   * Fails the pending request unless the worker replies within `graceMs`, or answers a ping and
   * `evenAlive` is false. Only a script can cause this: the error names the hook it is in.
   */
  async endIfStuck(exitCode: number, evenAlive = false): Promise<void> {
    const pending = this.#pending;
    if (pending === null) return;
    this.#hasPong = false;
    this.send({ kind: "ping" });
    await delay(graceMs);
    if (!evenAlive && (this.#pending !== pending || this.#hasPong)) return;
    if (pending.kind === "ready" && this.#pending !== pending) return;
    const name = this.#script ?? "a load thread";
    const place = this.#mark.place || "the script";
    const what = this.#hasPong ? "was still waiting" : "did not end: an endless loop?";
    this.#fail(new StartError(`${name}: ${place} ${what}`, exitCode));
    this.terminate();
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

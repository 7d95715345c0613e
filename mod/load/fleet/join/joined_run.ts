/** A machine's share of a run: what the coordinator tells it to do, and what it answers. */
import { exitCodes, StartError } from "../../../base/errors.ts";
import { raiseOpenFilesLimit } from "../../../process/limits.ts";
import type { LoadPlan } from "../../plan/plan.ts";
import { type PreparedRun, prepareRun } from "../../plan/prepare.ts";
import type { ScriptPlan } from "../../plan/thread_plan.ts";
import { LoadRun } from "../../run/load_run.ts";
import { waitForClock } from "../../run/start_clock.ts";
import { dialect, type FromMachine, readToMachine, type ToMachine } from "../wire/messages.ts";
import { decodeValue, encodeValue } from "../wire/value.ts";
import { ParcelStore } from "./parcel_store.ts";

export class JoinedRun {
  /** Resolves to the exit code when the coordinator has ended the machine, or it cannot go on. */
  readonly ended: Promise<number>;
  readonly #send: (message: FromMachine) => void;
  #end: (exitCode: number) => void = () => {};
  #store: ParcelStore | null = null;
  #plan: LoadPlan | null = null;
  #prepared: PreparedRun | null = null;
  #run: LoadRun | null = null;
  /** Opens the gate of the current run; NaN: without a start. */
  #start: (atMs: number) => void = () => {};

  /** `send` takes what the coordinator is to get. */
  constructor(send: (message: FromMachine) => void) {
    this.#send = send;
    this.ended = new Promise((resolve) => this.#end = resolve);
  }

  /** A line from the coordinator. */
  take(line: string): void {
    const message = readToMachine(line);
    if (typeof message === "string") return this.#fail(new StartError(message));
    this.#obey(message.value).catch((error) => this.#fail(error));
  }

  /** The coordinator has gone, or the machine is told to end: no run goes on. */
  leave(exitCode: number): void {
    this.#run?.interrupt(exitCode);
    this.#start(NaN);
    this.#store?.remove();
    this.#store = null;
    this.#end(exitCode);
  }

  sayAlive(): void {
    this.#send({ kind: "alive" });
  }

  async #obey(message: ToMachine): Promise<void> {
    switch (message.kind) {
      case "hello":
        return this.#greet(message.dialect);
      case "alive":
        return;
      case "file":
        return this.#files.append(message.path, Uint8Array.fromBase64(message.data));
      case "link":
        return this.#files.link(message.path, message.target);
      case "plan":
        return await this.#prepare(message);
      case "run":
        return await this.#runOnce();
      case "ping":
        return this.#send({ kind: "pong", id: message.id, clockMs: Date.now() });
      case "start":
        return this.#start(message.atMs);
      case "stop":
        this.#run?.interrupt(exitCodes.interrupted);
        return this.#start(NaN);
      case "end":
        return this.leave(exitCodes.ok);
    }
  }

  #greet(theirs: string): void {
    const cpuCount = navigator.hardwareConcurrency;
    this.#send({ kind: "hello", dialect, hostName: Deno.hostname(), cpuCount });
    // Nothing that follows could be understood.
    if (theirs !== dialect) this.leave(exitCodes.failed);
  }

  get #files(): ParcelStore {
    return this.#store ??= ParcelStore.open();
  }

  async #prepare(message: Extract<ToMachine, { kind: "plan" }>): Promise<void> {
    const files = this.#files;
    const ours = (path: string) => path.startsWith("/") ? files.pathOf(path) : path;
    const plan = withFiles(decodeValue(message.plan) as LoadPlan, ours);
    const scripts = decodeValue(message.scripts) as readonly ScriptPlan[];
    files.enter(message.folder);
    raiseOpenFilesLimit(plan.threads);
    this.#plan = plan;
    this.#prepared = await prepareRun(
      plan,
      scripts.map((script) => ({ ...script, name: ours(script.name) })),
      message.reactor,
      message.slice,
      ours,
    );
    this.#send({ kind: "prepared" });
  }

  async #runOnce(): Promise<void> {
    if (this.#plan === null || this.#prepared === null) {
      throw new StartError("a run without a plan");
    }
    const started = new Promise<number>((resolve) => this.#start = resolve);
    const run = this.#run = new LoadRun(this.#plan, this.#prepared, async (isInterrupted) => {
      this.#send({ kind: "ready" });
      const startAtMs = await started;
      if (!Number.isNaN(startAtMs)) await waitForClock(startAtMs, isInterrupted);
    });
    const result = await run.run({
      onStart: () => {},
      onInterval: (interval) => this.#send({ kind: "interval", interval: encodeValue(interval) }),
    });
    this.#run = null;
    this.#send({ kind: "result", result: encodeValue(result) });
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    const message = this.#store?.unmask(text) ?? text;
    const exitCode = error instanceof StartError ? error.exitCode : exitCodes.failed;
    this.#send({ kind: "failed", message, exitCode });
    this.leave(exitCode);
  }
}

/** The plan with this machine's paths of the files. */
function withFiles(plan: LoadPlan, ours: (path: string) => string): LoadPlan {
  const place = (path: string | null) => path === null ? null : ours(path);
  const { body, tls } = plan;
  return {
    ...plan,
    script: place(plan.script),
    urlsFile: place(plan.urlsFile),
    body: body?.kind === "file" ? { kind: "file", path: ours(body.path) } : body,
    tls: {
      ...tls,
      caFile: place(tls.caFile),
      certificateFile: place(tls.certificateFile),
      keyFile: place(tls.keyFile),
    },
  };
}

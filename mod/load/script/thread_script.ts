/** A script within one load thread: makes its requests and hears of its responses. */
import type { Method, ResponseHead } from "../../http1/mod.ts";
import { parseTarget, portOf } from "../target.ts";
import type { RequestGroup, ScriptPlan, ThreadPlan } from "../thread_plan.ts";
import { isIdempotent } from "../idempotent.ts";
import type { LoadConnection } from "../load_connection.ts";
import { type Hooks, loadHooks, type RequestDescription, type ScriptRequest } from "./hooks.ts";
import { splitRequests } from "./request_split.ts";
import { describeScriptError } from "./script_error.ts";
import { OwnThreadHandle, type Variables } from "./script_thread.ts";
import { Wrk } from "./wrk_object.ts";

/** A response that is being collected for `response()`. */
interface Collected {
  headers: Record<string, string>;
  body: Uint8Array[];
}

/** Thrown through the reactor when a hook throws; its message is all that the user needs. */
export class ScriptFailure extends Error {
  override readonly name = "ScriptFailure";
}

const encoder = new TextEncoder();

export class ThreadScript {
  /** Bytes, ends and methods of the requests that the last `make` made. */
  bytes: Uint8Array = new Uint8Array(0);
  ends: Int32Array = new Int32Array(0);
  methods: readonly Method[] = [];
  closes: readonly boolean[] | undefined = undefined;
  /** Time spent in hooks. */
  spentMs = 0;
  readonly handle: OwnThreadHandle;
  readonly #hooks: Hooks;
  readonly #wrk: Wrk;
  readonly #name: string;
  readonly #collected = new Map<LoadConnection, Collected>();
  /** Bytes of the last request made from text, so that a script that repeats itself is cheap. */
  #lastText = "";

  private constructor(plan: ScriptPlan, hooks: Hooks, wrk: Wrk, handle: OwnThreadHandle) {
    this.#hooks = hooks;
    this.#wrk = wrk;
    this.#name = plan.name;
    this.handle = handle;
  }

  /** Loads the script into this thread and calls its `init`. Throws `StartError` or `ScriptFailure`. */
  static async load(plan: ScriptPlan, index: number, stop: () => void): Promise<ThreadScript> {
    const handle = new OwnThreadHandle(index, plan.address, stop);
    const wrk = new Wrk(plan.wrk);
    wrk.thread = handle;
    const scope = globalThis as unknown as Variables;
    scope["wrk"] = wrk;
    for (const [name, value] of Object.entries(plan.variables)) handle.set(name, value);
    const script = new ThreadScript(plan, await loadHooks(plan.name), wrk, handle);
    await script.#init(plan.args);
    return script;
  }

  async #init(args: readonly string[]): Promise<void> {
    try {
      await this.#hooks.init?.(args);
    } catch (error) {
      throw this.#failure("init", error);
    }
  }

  get makesRequests(): boolean {
    return this.#hooks.request !== null;
  }

  get delays(): boolean {
    return this.#hooks.delay !== null;
  }

  get observesResponses(): boolean {
    return this.#hooks.response !== null;
  }

  /** The plan with the script's address, and with its default request when that never changes. */
  adapt(plan: ThreadPlan): ThreadPlan {
    let [group] = plan.groups;
    const { address } = plan.script!;
    if (address !== null) group = { ...group, ...addressOf(address) };
    if (!this.makesRequests) group = this.#staticGroup(group, plan.pipeline);
    return { ...plan, groups: [group], connectionGroups: plan.connectionGroups.map(() => 0) };
  }

  #staticGroup(group: RequestGroup, pipeline: number): RequestGroup {
    try {
      const request = this.#wrk.request();
      this.#take(Array.from({ length: pipeline }, () => request));
    } catch (error) {
      throw this.#failure("wrk.format", error);
    }
    const single = this.methods.length === pipeline ? this.methods.slice(0, 1) : this.methods;
    return {
      ...group,
      batches: [this.bytes as Uint8Array<ArrayBuffer>],
      ends: [this.ends],
      methods: single,
      idempotent: single.map(isIdempotent),
      ...(this.closes === undefined ? {} : { closes: this.closes }),
    };
  }

  /** Milliseconds to wait before the next request; 0: none. */
  delay(): number {
    const startMs = performance.now();
    try {
      const delayMs = Number(this.#hooks.delay!());
      return delayMs > 0 ? delayMs : 0;
    } catch (error) {
      throw this.#failure("delay", error);
    } finally {
      this.spentMs += performance.now() - startMs;
    }
  }

  /** Makes the next request, or several: see `bytes`, `ends` and `methods`. */
  make(): void {
    const startMs = performance.now();
    try {
      this.#take(this.#hooks.request!());
    } catch (error) {
      throw this.#failure("request", error);
    } finally {
      this.spentMs += performance.now() - startMs;
    }
  }

  #take(request: ScriptRequest): void {
    if (typeof request === "string") {
      if (request === this.#lastText) return;
      this.#lastText = request;
      this.bytes = encoder.encode(request);
    } else {
      this.#lastText = "";
      this.bytes = this.#bytesOf(request);
    }
    const split = splitRequests(this.bytes);
    this.ends = split.ends;
    this.methods = split.methods;
    this.closes = split.closes;
  }

  #bytesOf(request: ScriptRequest): Uint8Array {
    if (typeof request === "string") return encoder.encode(request);
    if (request instanceof Uint8Array) return request;
    if (Array.isArray(request)) {
      const parts = request.map((each) => this.#bytesOf(each));
      const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    }
    if (typeof request !== "object" || request === null) {
      throw new TypeError(`request() returned ${request}: a string, bytes or an object is needed`);
    }
    return this.#bytesOf(this.#wrk.describe(request as RequestDescription));
  }

  takeHead(connection: LoadConnection, head: ResponseHead): void {
    if (!this.observesResponses) return;
    const headers: Record<string, string> = {};
    for (let index = 0; index < head.fieldCount; index++) {
      headers[head.name(index)] = head.value(index);
    }
    this.#collected.set(connection, { headers, body: [] });
  }

  takeBody(connection: LoadConnection, bytes: Uint8Array, start: number, end: number): void {
    this.#collected.get(connection)?.body.push(bytes.slice(start, end));
  }

  /** The response is complete. */
  respond(connection: LoadConnection, status: number): void {
    const collected = this.#collected.get(connection);
    if (collected === undefined) return;
    this.#collected.delete(connection);
    const startMs = performance.now();
    try {
      this.#hooks.response!(status, collected.headers, joined(collected.body));
    } catch (error) {
      throw this.#failure("response", error);
    } finally {
      this.spentMs += performance.now() - startMs;
    }
  }

  #failure(hook: string, error: unknown): ScriptFailure {
    return new ScriptFailure(describeScriptError(this.#name, hook, error));
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function addressOf(text: string): Pick<RequestGroup, "addresses" | "loopback"> {
  const target = parseTarget(`http://${text}/`);
  if (typeof target === "string") throw new ScriptFailure(`thread.addr = ${text}: ${target}`);
  const address = { kind: "tcp" as const, host: target.host, port: portOf(target) };
  return { addresses: [address], loopback: target.host.startsWith("127.") };
}

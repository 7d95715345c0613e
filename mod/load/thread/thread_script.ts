/** A script within one load thread: makes its requests and receives its responses. */
import { StartError } from "../../base/errors.ts";
import type { ResponseHead } from "../../http/mod.ts";
import { parseTarget, portOf } from "../plan/target.ts";
import type { RequestGroup, ScriptPlan, ThreadPlan } from "../plan/thread_plan.ts";
import { isIdempotent } from "../plan/idempotent.ts";
import type { AnswerObserver, TimedRequest } from "./answer_groups.ts";
import { HookMark } from "../script/hook_mark.ts";
import { type Hooks, type LoadedHooks, loadHooks } from "../script/hooks.ts";
import { show } from "../script/request_shape.ts";
import type { MadeRequests } from "../script/made_requests.ts";
import { RequestReader } from "../script/request_reader.ts";
import { scriptError } from "../script/script_error.ts";
import { OwnThreadHandle, type Variables } from "../script/script_thread.ts";
import { throwIfExited } from "../script/script_globals.ts";
import { Wrk } from "../script/wrk_object.ts";
import { concat } from "../../std/bytes.ts";

/** A response that is being collected for `response()`. */
interface Collected {
  headers: Record<string, string>;
  body: Uint8Array[];
}

const decoder = new TextDecoder();
const places = { delay: "delay()", request: "request()", response: "response()" } as const;

export class ThreadScript implements AnswerObserver {
  /** Time spent in hooks. */
  spentMs = 0;
  readonly handle: OwnThreadHandle;
  readonly #hooks: Hooks;
  readonly #loaded: LoadedHooks;
  readonly #mark: HookMark;
  readonly #wrk: Wrk;
  readonly #name: string;
  readonly #collected = new Map<TimedRequest, Collected>();
  readonly #reader: RequestReader;
  readonly #makeNext = (): MadeRequests => this.#reader.read(this.#hooks.request!());

  private constructor(
    plan: ScriptPlan,
    loaded: LoadedHooks,
    wrk: Wrk,
    handle: OwnThreadHandle,
    mark: HookMark,
  ) {
    this.#loaded = loaded;
    this.#hooks = loaded.hooks;
    this.#wrk = wrk;
    this.#reader = new RequestReader(wrk);
    this.#name = plan.name;
    this.handle = handle;
    this.#mark = mark;
  }

  /**
   * Loads the script into this thread and calls its `init`. `mark`: shared memory for the current
   * hook. Throws `StartError`, as every other method does when a hook fails.
   */
  static async load(
    plan: ScriptPlan,
    index: number,
    stop: () => void,
    markMemory: SharedArrayBuffer | null,
  ): Promise<ThreadScript> {
    const mark = new HookMark(markMemory ?? new SharedArrayBuffer(HookMark.byteLength));
    const handle = new OwnThreadHandle(index, plan.address, stop);
    const wrk = new Wrk(plan.wrk);
    wrk.thread = handle;
    const scope = globalThis as unknown as Variables;
    scope["wrk"] = wrk;
    for (const [name, value] of Object.entries(plan.variables)) handle.set(name, value);
    mark.set("the top level");
    const loaded = await loadHooks(plan.name, wrk);
    mark.set("");
    const script = new ThreadScript(plan, loaded, wrk, handle, mark);
    await script.#init(plan.args);
    return script;
  }

  async #init(args: readonly string[]): Promise<void> {
    this.#mark.set("init()");
    try {
      await this.#hooks.init?.(args);
      throwIfExited();
    } catch (error) {
      throw this.#failure("init", error);
    } finally {
      this.#mark.set("");
    }
  }

  /** Calls a hook between two requests, and processes its result. */
  #call<T>(hook: "delay" | "request" | "response", act: () => T): T {
    const startMs = performance.now();
    this.#mark.set(places[hook]);
    try {
      const result = act();
      throwIfExited();
      return result;
    } catch (error) {
      throw this.#failure(hook, error);
    } finally {
      this.#mark.set("");
      this.spentMs += performance.now() - startMs;
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
    let made: MadeRequests;
    try {
      const request = this.#wrk.request();
      made = this.#reader.read(Array.from({ length: pipeline }, () => request));
    } catch (error) {
      throw this.#failure("wrk.format", error);
    }
    const { bytes, ends, methods, closes } = made;
    const single = methods.length === pipeline ? methods.slice(0, 1) : methods;
    return {
      ...group,
      batches: [bytes as Uint8Array<ArrayBuffer>],
      ends: [ends],
      methods: single,
      idempotent: single.map(isIdempotent),
      ...(closes === undefined ? {} : { closes }),
    };
  }

  /** Milliseconds to wait before the next request; 0: none. */
  delay(): number {
    return this.#call("delay", () => {
      const delayMs = this.#hooks.delay!();
      if (typeof delayMs === "number" && delayMs >= 0 && delayMs < Infinity) return delayMs;
      throw new TypeError(
        `delay() returned ${show(delayMs)}: expected milliseconds, a number of 0 or more`,
      );
    });
  }

  /** Makes the next request, or several; see `RequestReader.read`. */
  make(): MadeRequests {
    return this.#call("request", this.#makeNext);
  }

  takeHead(request: TimedRequest, head: ResponseHead): void {
    if (!this.observesResponses) return;
    const headers: Record<string, string> = {};
    for (let index = 0; index < head.fieldCount; index++) {
      headers[head.name(index)] = head.value(index);
    }
    this.#collected.set(request, { headers, body: [] });
  }

  takeBody(request: TimedRequest, bytes: Uint8Array, start: number, end: number): void {
    this.#collected.get(request)?.body.push(bytes.slice(start, end));
  }

  /** The response is complete. */
  respond(request: TimedRequest, status: number): void {
    const collected = this.#collected.get(request);
    if (collected === undefined) return;
    this.#collected.delete(request);
    const { body } = collected;
    const bytes = body.length === 1 ? body[0] : concat(body);
    this.#call("response", () => {
      const text = decoder.decode(bytes);
      const result = this.#hooks.response!(status, collected.headers, text, bytes);
      if (!(result instanceof Promise)) return;
      throw new TypeError("response() returned a promise: it must not be async");
    });
  }

  #failure(hook: string, error: unknown): StartError {
    return scriptError(this.#name, hook, error, this.#loaded.place(hook));
  }
}

function addressOf(text: string): Pick<RequestGroup, "addresses" | "loopback"> {
  const target = parseTarget(`http://${text}/`);
  if (typeof target === "string") throw new StartError(`thread.addr = ${text}: ${target}`);
  const address = { kind: "tcp" as const, host: target.host, port: portOf(target) };
  return { addresses: [address], loopback: target.host.startsWith("127.") };
}

import type { ValueSource } from "../request/value_source.ts";
import { VaryingRequest } from "../request/varying_request.ts";
import { ResponseTemplate } from "./response_template.ts";
import type { RequestGroup } from "../plan/thread_plan.ts";

/** Groups with more requests keep no templates: they would not fit into the CPU cache. */
const templatesMax = 256;

/** One thread's view of a group of requests: the next request, and the last responses. */
export class GroupState {
  readonly plan: RequestGroup;
  readonly randomOrder: boolean;
  /** At least one of the requests varies. */
  readonly varies: boolean;
  readonly #templates: ResponseTemplate[] = [];
  /** By request; empty: none varies. */
  readonly #varying: readonly (VaryingRequest | null)[];
  /** Requests sent together. */
  readonly #batchSize: number;
  #cursor: number;
  #random: number;

  constructor(
    plan: RequestGroup,
    threadIndex: number,
    threadCount: number,
    randomOrder: boolean,
    /** Responses are parsed in full, for a script or for --group-by. */
    observesResponses: boolean,
    /** Of the thread's values for --template. */
    source: ValueSource | null = null,
  ) {
    this.plan = plan;
    this.#varying = (plan.varying ?? []).map((varying) =>
      varying === null ? null : new VaryingRequest(varying, source!)
    );
    this.varies = this.#varying.length > 0;
    this.randomOrder = randomOrder;
    const count = plan.batches.length;
    this.#batchSize = plan.ends[0].length;
    this.#cursor = Math.floor(count * threadIndex / threadCount);
    this.#random = (threadIndex + 1) * 0x9e3779b9 | 0;
    if (observesResponses || count > templatesMax) return;
    for (let index = 0; index < count; index++) this.#templates.push(new ResponseTemplate());
  }

  /** Index of the first request to send next. */
  next(): number {
    const count = this.plan.batches.length;
    if (count === 1) return 0;
    if (this.randomOrder) return this.#randomBelow(count);
    const index = this.#cursor;
    this.#cursor = (index + this.#batchSize) % count;
    return index;
  }

  /** The request after this one in a batch. */
  following(index: number): number {
    return (index + 1) % this.plan.methods.length;
  }

  /** What varies in this request; null: nothing does. */
  varying(index: number): VaryingRequest | null {
    return this.varies ? this.#varying[index] : null;
  }

  /** Template of the last response to this request; null when none is kept. */
  templateOf(index: number): ResponseTemplate | null {
    return this.#templates.length === 0 ? null : this.#templates[index];
  }

  /** Whether `count` requests from `index` on may be sent a second time. */
  mayRetry(index: number, count: number): boolean {
    let at = index;
    for (let each = 0; each < count; each++) {
      if (!this.plan.idempotent[at]) return false;
      at = this.following(at);
    }
    return true;
  }

  /** xorshift32: cheap, and the same order in every run. */
  #randomBelow(count: number): number {
    let state = this.#random;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#random = state;
    return (state >>> 0) % count;
  }
}

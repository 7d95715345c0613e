/** The requests of one group, as HTTP/2 sends them. */
import type { VaryingRequest } from "../../request/varying_request.ts";
import type { GroupState } from "../group_state.ts";
import type { MadeRequests } from "../../script/made_requests.ts";
import { type StreamRequest, StreamRequests } from "./stream_request.ts";

export class GroupRequests {
  readonly group: GroupState;
  /** A connection of the group has spoken HTTP/2. */
  hasSpoken = false;
  readonly #reader: StreamRequests;
  readonly #planned: StreamRequest[][];
  /** Of those that a script repeats. */
  readonly #scripted = new WeakMap<MadeRequests, StreamRequest[]>();

  /** Throws `StartError` for a request that HTTP/2 cannot express. */
  constructor(group: GroupState) {
    const { batches, ends, serverName } = group.plan;
    this.group = group;
    this.#reader = new StreamRequests(serverName !== null);
    this.#planned = batches.map((bytes, index) => {
      const requests = this.#reader.read(bytes, ends[index]);
      const varying = group.varying(index);
      return varying === null ? requests : requests.map((request) => withVarying(request, varying));
    });
  }

  /** What is sent together with request `index` of the plan, without pipelining that one alone. */
  planned(index: number): readonly StreamRequest[] {
    return this.#planned[index];
  }

  /** The requests that a script has made; the same ones for the same object. */
  scripted(made: MadeRequests): readonly StreamRequest[] {
    const known = made.isKept ? this.#scripted.get(made) : undefined;
    if (known !== undefined) return known;
    const requests = this.#reader.read(made.bytes, made.ends);
    if (made.isKept) this.#scripted.set(made, requests);
    return requests;
  }
}

/** The plain head with what varies beside it. */
function withVarying(request: StreamRequest, varying: VaryingRequest): StreamRequest {
  const variesHost = varying.plan.lines.some(({ isHost }) => isHost);
  const fields = variesHost
    ? { ...request.fields, authorityStart: 0, authorityEnd: 0 }
    : request.fields;
  return { ...request, fields, varying };
}

/** One attempt at a peer: reports to the counters, the balancer and the outlier detector. */
import type { PeerError } from "../../../base/errors.ts";
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { Peer } from "../../balance/peer.ts";
import type { PeerGroup } from "../../balance/peer_group.ts";
import type { EngineContext } from "../routes/engine_context.ts";

/** Reused for each attempt; every attempt that begins ends exactly once. */
export class Attempt {
  /** Null between attempts. */
  peer: Peer | null = null;
  sentMs = 0;
  /** Status of the forwarded response; 0 before its head. Kept until the next attempt. */
  status = 0;
  #group: PeerGroup | null = null;
  readonly #engine: EngineContext;

  constructor(engine: EngineContext) {
    this.#engine = engine;
  }

  begin(group: PeerGroup, peer: Peer, nowMs: number): void {
    this.#group = group;
    this.peer = peer;
    this.sentMs = nowMs;
    this.status = 0;
    group.noteSent(peer, nowMs);
  }

  /** The head of the response to forward has arrived. */
  answered(status: number): void {
    const peer = this.peer!;
    const { nowMs } = this.#engine.reactor;
    peer.noteResponse(status, nowMs - this.sentMs);
    if (peer.fails > 0) peer.noteSuccess(nowMs);
    this.#group!.noteAnswer(peer, status, this.sentMs, nowMs);
    this.status = status;
  }

  /** The response is complete. */
  complete(connection: UpstreamExchange): void {
    const durationMs = this.#engine.reactor.nowMs - this.sentMs;
    const { request, receivedBytes } = connection;
    this.peer!.tally.noteEnd(this.status, durationMs, request.bytes, receivedBytes);
    this.#end(this.status);
  }

  /** Ends the attempt without a complete response; does nothing between attempts. */
  breakOff(): void {
    if (this.peer !== null) this.#end(0);
  }

  /** No response arrived, or only a part of one. */
  failed(error: PeerError): void {
    const peer = this.peer!;
    this.#group!.noteError(peer);
    // A response that has begun is cut, and counted as that.
    if (this.status !== 0) return;
    this.#engine.logUpstreamFailure(peer, error.message);
    this.failedByStatus();
  }

  /** Counts a failure; nginx counts a status that `next_upstream` lists as one. */
  failedByStatus(): void {
    const peer = this.peer!;
    peer.failedRequests++;
    if (this.#group!.noteFailure(peer, this.#engine.reactor.nowMs)) this.#engine.logDisabled(peer);
  }

  /** The response is an error that is not forwarded, because another peer is tried. */
  refused(): void {
    this.#group!.noteError(this.peer!);
  }

  /** The connection becomes a tunnel; call the returned function when the tunnel ends. */
  handOver(): () => void {
    const { peer, sentMs } = this;
    const group = this.#group!;
    const { reactor } = this.#engine;
    this.peer = null;
    return () => group.noteEnd(peer!, 0, true, sentMs, reactor.nowMs);
  }

  #end(status: number): void {
    const peer = this.peer!;
    this.peer = null;
    this.#group!.noteEnd(peer, status, this.status !== 0, this.sentMs, this.#engine.reactor.nowMs);
  }
}

/** One attempt at a peer, as those see it who count, balance and judge. */
import type { PeerError } from "../../../base/errors.ts";
import type { ClientConnection } from "../../../conn/client_connection.ts";
import type { Peer } from "../../balance/peer.ts";
import type { PeerGroup } from "../../balance/peer_group.ts";
import type { EngineHome } from "../engine_home.ts";

/** Reused from attempt to attempt; each that begins ends exactly once. */
export class Attempt {
  /** Null between two attempts. */
  peer: Peer | null = null;
  sentMs = 0;
  /** Of the answer that is passed on; 0 before it. Stays until the next attempt. */
  status = 0;
  #group: PeerGroup | null = null;
  readonly #home: EngineHome;

  constructor(home: EngineHome) {
    this.#home = home;
  }

  begin(group: PeerGroup, peer: Peer, nowMs: number): void {
    this.#group = group;
    this.peer = peer;
    this.sentMs = nowMs;
    this.status = 0;
    group.noteSent(peer, nowMs);
  }

  /** The head of the answer that is passed on has come. */
  answered(status: number): void {
    const peer = this.peer!;
    const { nowMs } = this.#home.reactor;
    peer.noteResponse(status, nowMs - this.sentMs);
    if (peer.fails > 0) peer.noteSuccess(nowMs);
    this.#group!.noteAnswer(peer, status, this.sentMs, nowMs);
    this.status = status;
  }

  /** The answer is complete. */
  complete(client: ClientConnection): void {
    const durationMs = this.#home.reactor.nowMs - this.sentMs;
    const { request, receivedBytes } = client;
    this.peer!.tally.noteEnd(this.status, durationMs, request.bytes, receivedBytes);
    this.#end(this.status);
  }

  /** It ends without a complete answer; nothing happens between two attempts. */
  breakOff(): void {
    if (this.peer !== null) this.#end(0);
  }

  /** No answer came, or half of one. */
  failed(error: PeerError): void {
    const peer = this.peer!;
    this.#group!.noteError(peer);
    // What has begun to answer is cut, and counted as that.
    if (this.status !== 0) return;
    this.#home.logUpstreamFailure(peer, error.message);
    this.failedByStatus();
  }

  /** nginx counts a status that `next_upstream` lists as a failure. */
  failedByStatus(): void {
    const peer = this.peer!;
    peer.failedRequests++;
    if (this.#group!.noteFailure(peer, this.#home.reactor.nowMs)) this.#home.logDisabled(peer);
  }

  /** Its answer is an error that nobody sees, because another peer is asked. */
  refused(): void {
    this.#group!.noteError(this.peer!);
  }

  /** The connection is a tunnel from now on; call what is returned at its end. */
  handOver(): () => void {
    const { peer, sentMs } = this;
    const group = this.#group!;
    const { reactor } = this.#home;
    this.peer = null;
    return () => group.noteEnd(peer!, 0, true, sentMs, reactor.nowMs);
  }

  #end(status: number): void {
    const peer = this.peer!;
    this.peer = null;
    this.#group!.noteEnd(peer, status, this.status !== 0, this.sentMs, this.#home.reactor.nowMs);
  }
}

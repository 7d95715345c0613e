/** The upstream's part of an exchange, for access logs. */
import { type Address, formatAddress } from "../../../base/address.ts";
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { ProxyBytes, Timing, UpstreamFact } from "../../../log/mod.ts";
import type { TlsFacts } from "../../../net/reactor.ts";
import type { Peer } from "../../balance/peer.ts";

/** Describes the last attempt; only the number of attempts covers all. */
export class UpstreamTrace {
  tls: TlsFacts | null = null;
  #group = "";
  #peer: Peer | null = null;
  /** The peer address connected to, or tried last; null before that is known. */
  #address: Address | null = null;
  #tries = 0;
  #status = 0;
  #startMs = -1;
  #connectedMs = -1;
  #bodyEndMs = -1;
  #answerMs = -1;
  #endMs = -1;
  #requestHeadBytes = 0;
  #requestBytes = 0;
  #responseHeadBytes = 0;
  #responseBytes = 0;

  reset(): void {
    this.#peer = null;
    this.#tries = 0;
    this.#bodyEndMs = -1;
    this.#forgetAttempt();
  }

  /** The line is written: keeps nothing alive; `reset` follows before the object is used again. */
  release(): void {
    this.#peer = null;
    this.tls = null;
    this.#address = null;
  }

  /** An attempt begins. */
  chosen(group: string, peer: Peer, nowMs: number): void {
    this.#forgetAttempt();
    this.#group = group;
    this.#peer = peer;
    this.#tries++;
    this.#startMs = nowMs;
  }

  /** The client's request body has been received. */
  bodyEnded(nowMs: number): void {
    this.#bodyEndMs = nowMs;
  }

  answered(connection: UpstreamExchange, nowMs: number): void {
    this.#status = connection.head.status;
    // A reused connection took no time to connect.
    this.#connectedMs = Math.max(this.#startMs, connection.connectedMs);
    this.#answerMs = nowMs;
    this.#requestHeadBytes = connection.request.headBytes;
    this.#responseHeadBytes = connection.receivedBytes;
    this.#count(connection);
  }

  ended(connection: UpstreamExchange, nowMs: number): void {
    this.#endMs = nowMs;
    this.#count(connection);
  }

  fact(what: UpstreamFact): string | number | null {
    if (this.#peer === null) return null;
    switch (what) {
      case "name":
        return this.#group;
      case "addr":
        return formatAddress(this.#address ?? this.#peer.plan.address);
      case "tries":
        return this.#tries;
      case "status":
        return this.#status === 0 ? null : this.#status;
    }
  }

  bytes(what: ProxyBytes): number {
    switch (what) {
      case "request":
        return this.#requestBytes;
      case "request-header":
        return this.#requestHeadBytes;
      case "request-body":
        return this.#requestBytes - this.#requestHeadBytes;
      case "response":
        return this.#responseBytes;
      case "response-header":
        return this.#responseHeadBytes;
      case "response-body":
        return this.#responseBytes - this.#responseHeadBytes;
    }
  }

  /** h2o's phases, in milliseconds; -1 for one that was not reached. */
  timingMs(timing: Timing, receivedMs: number): number {
    const sentMs = Math.max(this.#connectedMs, this.#bodyEndMs);
    switch (timing) {
      case "proxy.idle":
        return between(receivedMs, this.#startMs);
      case "proxy.connect":
        return between(this.#startMs, this.#connectedMs);
      case "proxy.request":
        return this.#answerMs < 0 ? -1 : between(this.#connectedMs, sentMs);
      case "proxy.process":
        // A peer may respond before it has the whole request.
        return this.#answerMs < 0 ? -1 : Math.max(0, this.#answerMs - sentMs);
      case "proxy.response":
        return between(this.#answerMs, this.#endMs);
      case "proxy.total":
        return between(this.#startMs, this.#endMs);
    }
    return -1;
  }

  #count(connection: UpstreamExchange): void {
    this.#address = connection.address;
    this.#requestBytes = connection.request.bytes;
    this.#responseBytes = connection.receivedBytes;
  }

  #forgetAttempt(): void {
    this.tls = null;
    this.#address = null;
    this.#status = 0;
    this.#startMs =
      this.#connectedMs =
      this.#answerMs =
      this.#endMs =
        -1;
    this.#requestHeadBytes = this.#requestBytes = 0;
    this.#responseHeadBytes = this.#responseBytes = 0;
  }
}

function between(startMs: number, endMs: number): number {
  return startMs < 0 || endMs < 0 ? -1 : endMs - startMs;
}

/** Per-exchange state between the request and the end of its response. */
import type { PeerError } from "../../../base/errors.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";

/** Stored in `exchange.context`; the callbacks are those of conn's `ExchangeHandler`. */
export interface ExchangeState {
  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void;
  onBodyEnd(exchange: Exchange): void;
  onDrain(exchange: Exchange): void;
  onAbort(exchange: Exchange, error: PeerError): void;
}

/** The request body as the client frames it, separate from the head it came with. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { RequestFraming } from "../../../conn/upstream/request_output.ts";
import { Framing, type RequestHead } from "../../../http/mod.ts";

/**
 * One per connection, reused for each request. Only this value decides how a forwarded request is
 * framed: fields of a head, which may be one created by the proxy, never announce a body.
 */
export class ClientBody {
  /** `none`: no body follows. */
  framing: RequestFraming = Framing.none;
  /** As the client announced it; -1 if it did not. */
  contentLength = -1;
  readonly exchange: Exchange;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Copies the framing of the request that has just arrived. */
  begin(head: RequestHead): void {
    // The parser never reports `eof` for a request.
    this.framing = head.framing as RequestFraming;
    this.contentLength = head.contentLength;
  }
}

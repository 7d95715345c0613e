/** The body that a client sends, apart from the head that it came with. */
import type { Exchange } from "../../../conn/exchange.ts";
import type { RequestFraming } from "../../../conn/request_output.ts";
import { Framing, type RequestHead } from "../../../http1/mod.ts";

/**
 * One for each connection, filled for each of its requests. A forwarded request is framed after this
 * value alone: fields of a head, which may be one of our own, never announce a body.
 */
export class ClientBody {
  /** `none`: no body follows. */
  framing: RequestFraming = Framing.none;
  /** As the client announced it; -1 when it did not. */
  contentLength = -1;
  readonly exchange: Exchange;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Takes the framing of the request that has just arrived. */
  begin(head: RequestHead): void {
    // The parser gives no `eof` for a request.
    this.framing = head.framing as RequestFraming;
    this.contentLength = head.contentLength;
  }
}

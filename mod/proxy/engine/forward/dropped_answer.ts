/** Reads the rest of an unwanted response, so that its connection can be reused. */
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { ResponseHandler } from "../../../conn/upstream/response_handler.ts";

/** Above this size, a new connection is cheaper than reading the rest. */
const droppedBytesMax = 65_536;

class DroppedAnswer implements ResponseHandler {
  onInterim(): void {}
  onResponse(): void {}
  onRequestDrain(): void {}
  onFailure(): void {}

  onResponseBody(connection: UpstreamExchange): void {
    if (connection.receivedBytes > droppedBytesMax) connection.discard();
  }

  onResponseEnd(connection: UpstreamExchange): void {
    connection.release();
  }
}

const handler = new DroppedAnswer();

/** Takes over the connection in the middle of its response. Sends nothing more to the peer. */
export function dropAnswer(connection: UpstreamExchange): void {
  // The peer still expects the rest of the request: the connection cannot be reused.
  if (!connection.request.isComplete) return connection.discard();
  connection.handler = handler;
  connection.resume();
}

/** The rest of an answer that nobody wants: it is read, so that its connection can be used again. */
import type { ClientConnection } from "../../../conn/client_connection.ts";
import type { ResponseHandler } from "../../../conn/response_handler.ts";

/** Beyond this a new connection is cheaper than the rest of the answer. */
const droppedBytesMax = 65_536;

class DroppedAnswer implements ResponseHandler {
  onInterim(): void {}
  onResponse(): void {}
  onRequestDrain(): void {}
  onFailure(): void {}

  onResponseBody(client: ClientConnection): void {
    if (client.receivedBytes > droppedBytesMax) client.discard();
  }

  onResponseEnd(client: ClientConnection): void {
    client.release();
  }
}

const handler = new DroppedAnswer();

/** Takes the connection over in the middle of its answer. Nothing more is sent to the peer. */
export function dropAnswer(client: ClientConnection): void {
  // The rest of the request would follow.
  if (!client.request.isComplete) return client.discard();
  client.handler = handler;
  client.resume();
}

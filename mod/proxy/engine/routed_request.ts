/** A request as routes and handlers see it. */
import { FieldKind, type RequestHead } from "../../http1/mod.ts";
import type { ClientBody } from "./clients/client_body.ts";

/**
 * A head, and the client's body where it belongs to that head. For a request that we start ourselves
 * the body is null, unless it takes the place of the client's: whatever the client still sends is
 * then received and dropped, and never forwarded. Valid until the handler returns.
 */
export interface RoutedRequest {
  readonly head: RequestHead;
  /** Null: no byte of body belongs to this request. */
  readonly body: ClientBody | null;
}

/** The field lines of a head, without those that frame the body or wait for it. */
export function unframedLines(head: RequestHead): string {
  let lines = "";
  for (let i = 0; i < head.fieldCount; i++) {
    const kind = head.kinds[i];
    const framesBody = kind === FieldKind.contentLength || kind === FieldKind.transferEncoding ||
      kind === FieldKind.expect || kind === FieldKind.trailer;
    if (!framesBody) lines += `${head.name(i)}: ${head.value(i)}\r\n`;
  }
  return lines;
}

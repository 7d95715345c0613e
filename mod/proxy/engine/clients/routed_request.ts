/** A request as routes and handlers see it. */
import { FieldKind, type RequestHead } from "../../../http/mod.ts";
import type { ClientBody } from "./client_body.ts";

/**
 * A head, and the client's body if it belongs to that head. For a request that the proxy creates
 * itself, the body is null unless the request replaces the client's and keeps its body. With a null
 * body, whatever the client still sends is received and dropped, never forwarded. Valid until the
 * handler returns.
 */
export interface RoutedRequest {
  readonly head: RequestHead;
  /** Null: no body bytes belong to this request. */
  readonly body: ClientBody | null;
}

/** The field lines of a head, Host among them in every version of HTTP, without those that frame the body, and without Expect and Trailer. */
export function unframedLines(head: RequestHead): string {
  const isHostField = head.find("host") >= 0 || head.hostStart < 0;
  let lines = isHostField ? "" : `Host: ${head.hostText()}\r\n`;
  for (let i = 0; i < head.fieldCount; i++) {
    const kind = head.kinds[i];
    const framesBody = kind === FieldKind.contentLength || kind === FieldKind.transferEncoding ||
      kind === FieldKind.expect || kind === FieldKind.trailer;
    if (!framesBody) lines += `${head.name(i)}: ${head.value(i)}\r\n`;
  }
  return lines;
}

import { ConstantBytes } from "../http/constant_bytes.ts";
import type { HeadWriter } from "../http/head_writer.ts";
import { reasonPhrase } from "../http/status.ts";

/** `HTTP/1.1 200 OK CRLF` by status, built on first use. */
const statusLines: (ConstantBytes | undefined)[] = [];

/** Writes `HTTP/1.1 status reason CRLF`. Throws RangeError unless `status` is from 100 to 999. */
export function writeStatusLine(writer: HeadWriter, status: number): void {
  let line = statusLines[status];
  if (line === undefined) {
    if (!Number.isInteger(status) || status < 100 || status > 999) {
      throw new RangeError(`Cannot write a status line: status is ${status}`);
    }
    line = statusLines[status] = new ConstantBytes(
      `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`,
    );
  }
  writer.constant(line);
}

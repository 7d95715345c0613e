/** The report of a client with wrk's output layout. */
export interface WrkReport {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Received in all, unfinished responses included; null: the client does not say. */
  readonly bytesRead: number | null;
  /** Socket errors and responses that are neither 2xx nor 3xx. */
  readonly errors: number;
}

/** Parses wrk's report. Throws when it is not one. */
export function parseWrkOutput(text: string): WrkReport {
  const requests = text.match(/^\s*(\d+) requests in /m);
  const rate = text.match(/^Requests\/sec:\s*([\d.]+)/m);
  if (requests === null || rate === null) {
    throw new Error(`Cannot read a client's report: ${JSON.stringify(text.slice(0, 300))}`);
  }
  const socket = text.match(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/);
  const status = text.match(/Non-2xx or 3xx responses: (\d+)/);
  const errors = [...(socket ?? []).slice(1), status?.[1] ?? "0"];
  return {
    requests: Number(requests[1]),
    requestsPerSecond: Number(rate[1]),
    bytesRead: parseBytes(text),
    errors: errors.reduce((sum, count) => sum + Number(count), 0),
  };
}

/** Units of wrk, which are powers of 1024. */
const units = ["B", "KB", "MB", "GB", "TB"];

function parseBytes(text: string): number | null {
  const bytes = text.match(/ requests in .*, ([\d.]+)([KMGT]?B) read$/m);
  return bytes === null ? null : Number(bytes[1]) * 1024 ** units.indexOf(bytes[2]);
}

/** The reports of load generators, by their layouts. */
import { parseWrkOutput, type WrkReport } from "./wrk_output.ts";

/** Parses the report of wrk, hayate load or h2load. Throws when it is none of them. */
export function parseReport(text: string): WrkReport {
  if (/^finished in .*, [\d.]+ req\/s/m.test(text)) return parseH2load(text);
  const report = parseWrkOutput(text);
  const events = text.match(/^Events: (\d+), /m);
  return events === null ? report : { ...report, ...eventsOf(Number(events[1]), report) };
}

/** With `--sse` a request is a stream, and what a server does is to send events. */
function eventsOf(events: number, { requests, requestsPerSecond }: WrkReport) {
  const seconds = requests / requestsPerSecond;
  return { requests: events, requestsPerSecond: events / seconds };
}

function parseH2load(text: string): WrkReport {
  const rate = text.match(/^finished in .*, ([\d.]+) req\/s/m);
  const counts = text.match(
    /^requests: .*, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/m,
  );
  if (rate === null || counts === null) {
    throw new Error(`Cannot read a client's report: ${JSON.stringify(text.slice(0, 300))}`);
  }
  const [requests, ...errors] = counts.slice(1).map(Number);
  return {
    requests,
    requestsPerSecond: Number(rate[1]),
    bytesRead: null,
    // A request that failed is counted as errored as well.
    errors: Math.max(...errors),
  };
}

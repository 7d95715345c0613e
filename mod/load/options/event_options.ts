/** The options of --sse. Pure. */
import type { ParsedOptions } from "../../cli/mod.ts";
import { needsEventStreams } from "../plan/threshold.ts";
import type { EventStreamPlan } from "../plan/thread_plan.ts";
import type { HeaderField } from "../request/request_bytes.ts";
import type { loadTable } from "./flags.ts";

type Options = ParsedOptions<typeof loadTable>;

/** Flags that an event stream has no use for, and why. */
const excluded: readonly (readonly [key: string, flag: string, why: string])[] = [
  ["script", "script", "a script's response() has whole responses"],
  ["replay", "replay", "a log has whole responses"],
  ["findRate", "find-rate", "streams that stay open leave no connection for the next rate"],
  ["pipeline", "pipeline", "a stream does not end before the next response"],
  ["groupBy", "group-by", "it counts whole responses"],
];

/** null without --sse. Adds what is wrong to `errors`. */
export function eventStreamsOf(
  { values, given }: Options,
  errors: string[],
): EventStreamPlan | null {
  if (!values.sse) {
    if (values.reconnect) errors.push("--reconnect needs --sse");
    for (const { text } of values.failIf.filter(needsEventStreams)) {
      errors.push(`--fail-if ${text}: needs --sse`);
    }
    return null;
  }
  for (const [key, flag, why] of excluded) {
    if (given.has(key)) errors.push(`--sse and --${flag} cannot be combined: ${why}`);
  }
  if (values.reconnect) errors.push(...reconnectFaults(values));
  return { reconnects: values.reconnect };
}

function reconnectFaults({ rate, stages, template, header }: Options["values"]): string[] {
  const faults: string[] = [];
  if (rate !== null || stages !== null) {
    faults.push("--reconnect needs a closed loop: with --rate the schedule opens streams");
  }
  if (template) faults.push("--reconnect and --template cannot be combined");
  if (header.some(({ name }) => name.toLowerCase() === "last-event-id")) {
    faults.push("--reconnect sends Last-Event-ID itself: remove --header 'Last-Event-ID: ...'");
  }
  return faults;
}

/** The user's fields, and what an EventSource sends unless the user has it. */
export function fieldsWithAccept({ header, sse }: Options["values"]): readonly HeaderField[] {
  const has = header.some(({ name }) => name.toLowerCase() === "accept");
  return !sse || has ? header : [...header, { name: "Accept", value: "text/event-stream" }];
}

/** What a thread needs for event streams. Loaded only by runs that have them. */
import type { EventStreamPlan } from "../../plan/thread_plan.ts";
import type { ThreadParts } from "../load_thread.ts";
import { EventRecorder } from "./event_recorder.ts";
import { EventReopening } from "./event_reopening.ts";

export function eventParts(
  { reconnects }: EventStreamPlan,
): Pick<ThreadParts, "makeRecorder" | "makeReopening"> {
  return {
    makeRecorder: (stats, options, reactor) =>
      new EventRecorder(stats, options, reactor, reconnects),
    makeReopening: (recorder) =>
      reconnects && recorder instanceof EventRecorder ? new EventReopening(recorder) : null,
  };
}

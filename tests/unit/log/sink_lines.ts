/** What the tests of the log's sinks share. */
import type { Sink } from "../../../mod/log/mod.ts";

/** Logs one line. */
export function say(sink: Sink, text: string): void {
  sink.buffer.text(`${text}\n`);
  sink.endLine();
}

/** Takes complaints that a test does not look at. */
export function silence(): void {}

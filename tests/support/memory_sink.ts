import { LineBuffer, type Sink } from "../../mod/log/mod.ts";

/** A sink that keeps its lines in memory. */
export function memorySink(): Sink & { text(): string } {
  const buffer = new LineBuffer();
  return {
    buffer,
    droppedCount: 0,
    text: () => new TextDecoder().decode(buffer.view()),
    endLine() {},
    flush() {},
    reopen() {},
    close: () => Promise.resolve(),
  };
}

import type { AccessFormat } from "./access_format.ts";
import type { AccessRecord } from "./access_record.ts";
import type { Sink } from "./sink.ts";

/** A format and its sink. Never throws while logging. */
export class AccessLog {
  constructor(readonly format: AccessFormat, readonly sink: Sink) {}

  write(record: AccessRecord): void {
    this.format.write(this.sink.buffer, record);
    this.sink.endLine();
  }
}

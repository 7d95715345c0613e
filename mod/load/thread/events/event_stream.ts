/** The event stream of a lane: its state, and why it is given up. */
import { Deadline } from "../../../base/timer_wheel.ts";
import type { FailureKind } from "../../plan/failure.ts";
import type { Lane } from "../lane.ts";
import { EventParser } from "./event_parser.ts";

/** Why a stream is given up. */
export interface StreamFault {
  readonly kind: FailureKind;
  readonly code: string;
}

/** One for each lane, used again for its next stream. */
export class EventStream extends Deadline {
  readonly parser: EventParser;
  /** Its head has arrived, and it has not ended. */
  isOpen = false;
  /** Events of the measurement. */
  eventCount = 0;
  /** When the last event arrived; 0: none has. */
  lastEventMs = 0;
  /** When it ended, or was given up. */
  endedMs = 0;
  fault: StreamFault | null = null;
  readonly #lane: Lane;

  constructor(lane: Lane, keepsIds: boolean) {
    super();
    this.#lane = lane;
    this.parser = new EventParser(keepsIds);
  }

  /** A response begins. */
  begin(): void {
    this.parser.reset();
    this.isOpen = false;
    this.eventCount = 0;
    this.lastEventMs = 0;
    this.fault = null;
  }

  /** A lane cannot give its request up while its bytes are read: the timer wheel does it soon after. */
  override onDeadline(nowMs: number): void {
    const { fault } = this;
    if (fault !== null) this.#lane.giveUp(fault.kind, fault.code, nowMs);
  }
}

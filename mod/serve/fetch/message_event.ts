/** The event of a WebSocket's message. */
import { standIn } from "./internals.ts";

const sample = new MessageEvent("message");

/**
 * Replaces a MessageEvent at a lower cost, where the message goes to `onmessage` alone. `instanceof`
 * holds, and what is rarely asked for comes from a native event, created on demand.
 */
export class ServedMessageEvent {
  readonly data: unknown;
  readonly #target: EventTarget;
  #native: MessageEvent | null = null;

  constructor(target: EventTarget, data: unknown) {
    this.data = data;
    this.#target = target;
  }

  /** The native event of a served one. */
  static nativeOf(event: ServedMessageEvent): MessageEvent {
    return event.#native ??= new MessageEvent("message", { data: event.data });
  }

  get type(): string {
    return "message";
  }

  get target(): EventTarget {
    return this.#target;
  }

  get srcElement(): EventTarget {
    return this.#target;
  }

  get currentTarget(): EventTarget {
    return this.#target;
  }

  get origin(): string {
    return "";
  }

  get lastEventId(): string {
    return "";
  }

  get ports(): readonly MessagePort[] {
    return [];
  }
}

standIn(
  ServedMessageEvent.prototype,
  MessageEvent,
  Object.getOwnPropertySymbols(sample),
  ServedMessageEvent.nativeOf,
);

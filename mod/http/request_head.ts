import { latin1 } from "./latin1.ts";
import { MessageHead } from "./message_head.ts";
import { Method } from "./method.ts";

/** The four forms of a request-target (RFC 9112 3.2). */
export const TargetForm = { origin: 0, absolute: 1, authority: 2, asterisk: 3 } as const;
export type TargetForm = typeof TargetForm[keyof typeof TargetForm];

/** The head of a request as offsets into `bytes`. One object serves any number of connections. */
export class RequestHead extends MessageHead {
  method: Method = Method.other;
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  targetForm: TargetForm = TargetForm.origin;
  /**
   * Path and query of the target. In absolute form: the part after the authority, which may be
   * empty or begin with `?`. Empty in authority and asterisk form.
   */
  pathStart = 0;
  pathEnd = 0;
  /** The client waits for 100 (Continue) before it sends the body described by `framing`. */
  expectContinue = false;

  constructor(fieldsMax?: number) {
    super(true, fieldsMax);
  }

  override move(distance: number): void {
    super.move(distance);
    this.methodStart += distance;
    this.methodEnd += distance;
    this.targetStart += distance;
    this.targetEnd += distance;
    this.pathStart += distance;
    this.pathEnd += distance;
  }

  methodText(): string {
    return latin1(this.bytes, this.methodStart, this.methodEnd);
  }

  targetText(): string {
    return latin1(this.bytes, this.targetStart, this.targetEnd);
  }

  /** Path and query; `/` for an absolute-form target without a path. */
  pathText(): string {
    if (this.pathStart === this.pathEnd) return this.targetForm === TargetForm.absolute ? "/" : "";
    const text = latin1(this.bytes, this.pathStart, this.pathEnd);
    return text[0] === "?" ? "/" + text : text;
  }

  /** The request's host with its port, as sent; "" without one. */
  hostText(): string {
    return this.hostStart < 0 ? "" : latin1(this.bytes, this.hostStart, this.hostEnd);
  }
}

import { latin1 } from "./latin1.ts";
import { MessageHead } from "./message_head.ts";

/** The head of a response as offsets into `bytes`. One object serves any number of connections. */
export class ResponseHead extends MessageHead {
  /** 100 to 999. */
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;

  constructor(fieldsMax?: number) {
    super(false, fieldsMax);
  }

  override move(distance: number): void {
    super.move(distance);
    this.reasonStart += distance;
    this.reasonEnd += distance;
  }

  /** The reason phrase as sent, often "". */
  reasonText(): string {
    return latin1(this.bytes, this.reasonStart, this.reasonEnd);
  }
}

import { Method } from "../../http/method.ts";
import { defaultUrgency } from "../priority/priority_field.ts";
import type { Waiting } from "../priority/send_order.ts";

/** One stream as the session sees it. Owners extend it, or keep what is theirs in `owner`. */
export class Stream implements Waiting {
  /** 0 while the object is not in use. */
  id = 0;
  /** The owner's own state; null at the beginning of a stream. */
  owner: unknown = null;
  /** The peer has sent END_STREAM, or the stream is closed. */
  remoteClosed = false;
  /** The frame of DATA whose bytes are passed on has END_STREAM: no trailers follow them. */
  isEnding = false;
  /** We have sent END_STREAM, or the stream is closed. */
  localClosed = false;
  /** The final head has arrived: more HEADERS are trailers. */
  hasHead = false;
  /** Method of the request, on which the framing of its response depends. */
  requestMethod: Method = Method.other;
  /** Bytes that content-length still announces; -1 without one. */
  contentLeft = -1;
  /** Bytes of DATA that the peer lets us send; below 0 after it lowered its window. */
  sendWindow = 0;
  /** Bytes of DATA that we let the peer send. */
  receiveWindow = 0;
  /** Bytes passed to the owner that it has not consumed. */
  heldBytes = 0;
  /** The owner has something to send, and the stream's window is used up. */
  isStalled = false;
  /** It may have credit to announce; see `WindowUpdates`. */
  isCreditDue = false;
  priority: number = defaultUrgency;
  /** The peer has given the priority. */
  isPrioritized = false;
  isWaiting = false;
  nextWaiting: Waiting | null = null;
  previousWaiting: Waiting | null = null;

  /** Prepares the object for a new stream. */
  open(id: number, sendWindow: number, receiveWindow: number): void {
    this.id = id;
    this.owner = null;
    this.remoteClosed =
      this.isEnding =
      this.localClosed =
      this.hasHead =
        false;
    this.requestMethod = Method.other;
    this.contentLeft = -1;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.heldBytes = 0;
    this.isStalled = false;
    this.priority = defaultUrgency;
    this.isPrioritized = false;
  }
}

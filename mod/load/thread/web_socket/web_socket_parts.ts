/** What the WebSockets of a thread share. */
import { maskedFrameBytes, Opcode, writeMaskedFrame } from "../../../web_socket/frames.ts";
import type { MessagePlan } from "../../plan/web_socket.ts";
import type { WebSocketRecorder } from "./web_socket_recorder.ts";
import type { Farewell } from "../farewell.ts";

/** Random bytes drawn at once: a call for four of them would cost as much as sending a message. */
const keyPoolBytes = 4096;
/** A control frame of 125 bytes, masked. */
const controlFrameBytes = 131;

export class WebSocketParts {
  readonly message: MessagePlan;
  readonly recorder: WebSocketRecorder;
  readonly farewell: Farewell;
  /** The frame that was made last. */
  readonly frame: Uint8Array;
  readonly #keys = new Uint8Array(keyPoolBytes);
  #keyAt = keyPoolBytes;

  constructor(message: MessagePlan, recorder: WebSocketRecorder, farewell: Farewell) {
    this.message = message;
    this.recorder = recorder;
    this.farewell = farewell;
    this.frame = new Uint8Array(
      Math.max(controlFrameBytes, maskedFrameBytes(message.bytes.length)),
    );
  }

  /** Makes the message's frame, with a new mask (RFC 6455 5.3). Returns its length. */
  makeMessage(): number {
    const { bytes, isText } = this.message;
    return this.#make(isText ? Opcode.text : Opcode.binary, bytes);
  }

  /** Makes a control frame. Returns its length. */
  makeControl(opcode: number, payload: Uint8Array): number {
    return this.#make(opcode, payload);
  }

  #make(opcode: number, payload: Uint8Array): number {
    if (this.#keyAt === keyPoolBytes) {
      crypto.getRandomValues(this.#keys);
      this.#keyAt = 0;
    }
    const length = writeMaskedFrame(this.frame, opcode, payload, this.#keys, this.#keyAt);
    this.#keyAt += 4;
    return length;
  }
}

/** Where a reader puts the payload of messages. */
export interface MessageSink {
  /** A message has begun and not ended. */
  readonly isOpen: boolean;
  /** Bytes of it so far. */
  readonly length: number;
  begin(isText: boolean): void;
  /** Counts a frame. False: the message has too many. */
  beginFragment(): boolean;
  /**
   * Appends `[at, end)` of `bytes`, masked with `mask` beginning at its byte `phase`. `expected`:
   * remaining bytes of payload, these included; Infinity when more frames follow.
   */
  append(
    bytes: Uint8Array,
    at: number,
    end: number,
    mask: Uint8Array,
    phase: number,
    expected: number,
  ): void;
  /** Validates incomplete text. False: it cannot become valid UTF-8. */
  check(): boolean;
  /** The message is complete. False: it is text, and not valid UTF-8. */
  end(): boolean;
  /** Forgets an incomplete message. */
  drop(): void;
}

/**
 * Fragments per message. A fragment takes no extra memory, but a message that never ends would take
 * CPU time for ever. A message of 16 MiB in fragments of 128 bytes is within the limit.
 */
export const fragmentsMax = 131_072;

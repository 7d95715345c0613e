/** How a run uses WebSockets (RFC 6455). */

/**
 * What answers a message: the next one that arrives, the next one with the same content, or nothing, so that a
 * message is done when it is sent.
 */
export const answerKinds = ["any", "echo", "none"] as const;
export type AnswerKind = typeof answerKinds[number];

export interface WebSocketPlan {
  readonly answer: AnswerKind;
  /** The message is binary whatever it contains. */
  readonly binary: boolean;
  /** Nothing is sent: sockets are held. */
  readonly holds: boolean;
}

/** Placeholder for the key in the prepared handshake: 16 bytes in base64, different for each connection. */
export const keyPlaceholder = "AAAAAAAAAAAAAAAAAAAAAA==";
/** The message when the user gives none. */
export const defaultMessage = "hello";

/** What each message of a thread is. */
export interface MessagePlan {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
  readonly answer: AnswerKind;
  readonly holds: boolean;
}

/** The message of a run; `body`: what the user wants to send, null: the default. */
export function messageOf(plan: WebSocketPlan, body: Uint8Array | null): MessagePlan {
  const bytes = body ?? new TextEncoder().encode(defaultMessage);
  return {
    bytes,
    isText: !plan.binary && isUtf8(bytes),
    answer: plan.answer,
    holds: plan.holds,
  };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

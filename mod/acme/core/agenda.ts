/**
 * When a certificate is ordered, renewed and looked after. Pure: `step` returns the state after an
 * event; clock and random numbers are passed in.
 */

/** A certificate's time of validity. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What is kept of one name, besides its certificate. Survives restarts; times in epoch ms. */
export interface Agenda {
  /** Failed attempts since the last success, with one that has begun and not ended. */
  readonly failures: number;
  /** No attempt before this moment; 0: at once. */
  readonly retryAtMs: number;
  /** Text of the last failure; "" after a success. */
  readonly lastError: string;
  /** When to renew; 0: not chosen yet. */
  readonly renewAtMs: number;
  /** The server's window for the renewal (RFC 9773), from which `renewAtMs` was drawn; null: none. */
  readonly window: readonly [startMs: number, endMs: number] | null;
  /** When to ask for the window again. */
  readonly pollAtMs: number;
}

export const newAgenda: Agenda = {
  failures: 0,
  retryAtMs: 0,
  lastError: "",
  renewAtMs: 0,
  window: null,
  pollAtMs: 0,
};

export type AgendaEvent =
  /** An attempt begins. It counts as failed until its end, so that a crash does not repeat it. */
  | { readonly kind: "begun" }
  /** We ended the attempt ourselves, at a graceful stop. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "failed"; readonly message: string; readonly retryAfterMs: number | null }
  | { readonly kind: "issued"; readonly validity: Validity }
  /** The answer about the window; `window` null: the server has none, or no answer came. */
  | {
    readonly kind: "window";
    readonly window: readonly [startMs: number, endMs: number] | null;
    readonly retryAfterMs: number | null;
  };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Bounds for the pause between two questions about the window. */
const pollMs = { min: minuteMs, max: dayMs, usual: 6 * hourMs } as const;
/** After a stop in an attempt, so that restarts in a row do not make a burst of orders. */
const interruptedMs = 5000;
/** Of a server's Retry-After for orders; a longer one is taken for an error. */
const retryAfterMaxMs = 7 * dayMs;

/**
 * Pause after so many failures: 1, 3, 9, ... minutes to a day, and up to a fifth more. Let's Encrypt
 * allows five failed validations of a name in an hour; these are four.
 */
export function pauseAfter(failures: number, random: number): number {
  const pauseMs = Math.min(dayMs, minuteMs * 3 ** Math.max(0, Math.min(failures, 20) - 1));
  return Math.round(pauseMs * (1 + random / 5));
}

/** A moment after two thirds of the life, and up to a twentieth of it later (RFC 9773 is better). */
export function renewalOf({ notBeforeMs, notAfterMs }: Validity, random: number): number {
  const lifeMs = notAfterMs - notBeforeMs;
  return Math.round(notBeforeMs + lifeMs * (2 / 3 + random / 20));
}

/** `random`: at least 0, less than 1. */
export function step(state: Agenda, event: AgendaEvent, nowMs: number, random: number): Agenda {
  switch (event.kind) {
    case "begun": {
      const failures = state.failures + 1;
      return { ...state, failures, retryAtMs: nowMs + pauseAfter(failures, random) };
    }
    case "interrupted": {
      const failures = Math.max(0, state.failures - 1);
      return { ...state, failures, retryAtMs: nowMs + interruptedMs };
    }
    case "failed": {
      const asked = Math.min(event.retryAfterMs ?? 0, retryAfterMaxMs);
      const pauseMs = Math.max(asked, pauseAfter(state.failures, random));
      return { ...state, lastError: event.message, retryAtMs: nowMs + pauseMs };
    }
    case "issued":
      return { ...newAgenda, renewAtMs: renewalOf(event.validity, random) };
    case "window": {
      const pauseMs = clamp(event.retryAfterMs ?? pollMs.usual, pollMs.min, pollMs.max);
      const next = { ...state, pollAtMs: nowMs + pauseMs };
      const { window } = event;
      if (window === null || isSame(window, state.window)) return next;
      const [startMs, endMs] = window;
      return { ...next, window, renewAtMs: Math.round(startMs + (endMs - startMs) * random) };
    }
  }
}

export type Duty =
  | { readonly kind: "order" | "poll" }
  | { readonly kind: "wait"; readonly untilMs: number };

/** What is due now. `validity`: of the certificate in use; null: there is none of the server's. */
export function dutyOf(state: Agenda, validity: Validity | null, nowMs: number): Duty {
  // No pause is that long: the clock was ahead when it was written.
  const retryAtMs = state.retryAtMs > nowMs + retryAfterMaxMs ? 0 : state.retryAtMs;
  const orderAtMs = validity === null ? retryAtMs : Math.max(retryAtMs, renewAtOf(state, validity));
  if (orderAtMs <= nowMs) return { kind: "order" };
  if (validity === null) return { kind: "wait", untilMs: orderAtMs };
  if (state.pollAtMs <= nowMs) return { kind: "poll" };
  return { kind: "wait", untilMs: Math.min(orderAtMs, state.pollAtMs) };
}

/** When the renewal begins; a moment after the end of the life is not one. */
function renewAtOf({ renewAtMs }: Agenda, validity: Validity): number {
  const isUsable = renewAtMs > 0 && renewAtMs < validity.notAfterMs;
  return isUsable ? renewAtMs : renewalOf(validity, 0);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

function isSame(a: readonly [number, number], b: readonly [number, number] | null): boolean {
  return b !== null && a[0] === b[0] && a[1] === b[1];
}

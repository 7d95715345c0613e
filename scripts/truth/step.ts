/** What the server does with one request. */
export type Step =
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly bodyBytes: number;
    /** From the request to the first byte of the answer. */
    readonly delayMs: number;
    /** Between the first byte of the body and the rest; 0: all at once. */
    readonly pauseMs: number;
    /** The connection ends properly after it. */
    readonly closes: boolean;
  }
  /** The connection ends: by a reset, without an answer, in the head, in the body. */
  | { readonly kind: "reset" | "close" | "cutHead" | "cutBody" }
  /** What arrives is not HTTP, or more than the answer. */
  | { readonly kind: "garbage" | "surplus" }
  | { readonly kind: "hang" }
  /** HTTP/2: the stream is reset, or refused. */
  | { readonly kind: "resetStream" | "refuseStream" };

export type Answer = Extract<Step, { kind: "answer" }>;

/** The step for request `index`, counted from 0 over all connections, that arrives at `nowMs`. */
export type Behaviour = (index: number, nowMs: number) => Step;

const plain: Answer = {
  kind: "answer",
  status: 200,
  bodyBytes: 2,
  delayMs: 0,
  pauseMs: 0,
  closes: false,
};

export function answer(settings: Partial<Answer> = {}): Answer {
  return { ...plain, ...settings };
}

/** The steps in turn. */
export function inTurn(steps: readonly Step[]): Behaviour {
  return (index) => steps[index % steps.length];
}

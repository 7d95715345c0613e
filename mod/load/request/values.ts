/** The values of a varying request, as plain data that can be posted to a worker. */

export type ValuePlan =
  /** A whole number from `low` to `high`, each as likely, with at least `width` digits. */
  | {
    readonly kind: "rand";
    readonly low: number;
    readonly high: number;
    readonly width: number;
  }
  /** `start`, then one more with each request. Values with the same `key` count together. */
  | {
    readonly kind: "seq";
    readonly key: string;
    readonly start: number;
    readonly width: number;
  }
  /** The lines of a file in turn, counted as those of `seq`. */
  | { readonly kind: "line"; readonly key: string; readonly lines: LinesPlan }
  /** A random UUID (RFC 9562, version 4). */
  | { readonly kind: "uuid" }
  /** The length of the body. */
  | { readonly kind: "length" };

/** Lines one after another, in memory that all threads share. */
export interface LinesPlan {
  readonly bytes: Uint8Array;
  /** Where each line begins, and after the last one where that ends. */
  readonly starts: Int32Array;
}

/** A position in the bytes of a varying request: `at` bytes after the beginning of a piece. */
export interface Place {
  readonly piece: number;
  readonly at: number;
}

/** A request whose bytes are pieces of text with a value between each two. */
export interface VaryingPlan {
  /** One more than `values`. */
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  readonly values: readonly ValuePlan[];
  readonly path: Span;
  /** Where the body begins. */
  readonly body: Place;
  /** The field lines with a value in them, each with its line end. */
  readonly lines: readonly (Span & { readonly isHost: boolean })[];
  /** The head without those lines, for `/`. */
  readonly plainHead: Uint8Array<ArrayBuffer>;
}

export interface Span {
  readonly start: Place;
  readonly end: Place;
}

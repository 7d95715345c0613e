/** A type without its readonly modifiers, for a value under construction. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

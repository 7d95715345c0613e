/**
 * Validates JSON from outside this process (a file, a channel) against the expected shape, and
 * reports the first difference. A valid value costs no allocation. Not a library, because every
 * start of every mode would have to load it.
 */

/** The first difference. `path` is "" for the value itself, else `.upstreams[0].name`. */
export interface ShapeFault {
  readonly path: string;
  /** `is missing, expected a string`. */
  readonly text: string;
}

/** Returns null if the value matches. */
export type Shape = (value: unknown) => ShapeFault | null;

/** Most characters of a wrong string that are shown. */
const shownCharsMax = 40;

/**
 * `upstreams[0].name is 5, expected a string`; null if the value matches. `what` names the whole.
 */
export function shapeFaultOf(value: unknown, shape: Shape, what = "the value"): string | null {
  const fault = shape(value);
  if (fault === null) return null;
  return `${fault.path === "" ? what : fault.path.replace(/^\./, "")} ${fault.text}`;
}

/** Parses JSON of this shape. Returns a one-line error as a string if it is invalid. */
export function readShaped<T>(text: string, shape: Shape, what: string): { value: T } | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `not JSON: ${jsonComplaint(error)}`;
  }
  return shapeFaultOf(value, shape, what) ?? { value: value as T };
}

/** The message of JSON.parse's error in one line: it quotes the text, including line ends. */
export function jsonComplaint(error: unknown): string {
  if (!(error instanceof SyntaxError)) throw error;
  return error.message.replace(/[\0-\x1f\x7f]+/g, " ");
}

/** A difference at the value itself. */
export function wrong(value: unknown, expected: string): ShapeFault {
  return { path: "", text: `${describe(value)}, expected ${expected}` };
}

function describe(value: unknown): string {
  if (value === undefined) return "is missing";
  if (Array.isArray(value)) return "is a list";
  if (typeof value === "string") {
    return `is ${JSON.stringify(value.slice(0, shownCharsMax))}${
      value.length > shownCharsMax ? "..." : ""
    }`;
  }
  return typeof value === "object" && value !== null ? "is an object" : `is ${value}`;
}

/** A value for which `isRight` holds; `expected` ends the message: `a port from 1 to 65535`. */
export function matching(expected: string, isRight: (value: unknown) => boolean): Shape {
  return (value) => isRight(value) ? null : wrong(value, expected);
}

export const text: Shape = matching("a string", (value) => typeof value === "string");
export const flag: Shape = matching("true or false", (value) => typeof value === "boolean");
/** A finite number. */
export const number: Shape = matching("a number", (value) => Number.isFinite(value));
/** A finite number from 0. */
export const amount: Shape = matching(
  "a number from 0",
  (value) => Number.isFinite(value) && (value as number) >= 0,
);
/** A whole number from `min` to `max`. */
export function whole(min = 0, max = Number.MAX_SAFE_INTEGER): Shape {
  const upTo = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`;
  return matching(
    `a whole number from ${min}${upTo}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  );
}
export const count: Shape = whole();

/** Exactly one of these. */
export function oneOf(...values: readonly (string | number | boolean | null)[]): Shape {
  const expected = values.map((value) => JSON.stringify(value)).join(" or ");
  return matching(expected, (value) => (values as readonly unknown[]).includes(value));
}

export function nullable(shape: Shape): Shape {
  return (value) => value === null ? null : shape(value);
}

export function optional(shape: Shape): Shape {
  return (value) => value === undefined ? null : shape(value);
}

export function list(shape: Shape, lengthMin = 0): Shape {
  const expected = lengthMin === 0 ? "a list" : `a list of at least ${lengthMin}`;
  return (value) => {
    if (!Array.isArray(value) || value.length < lengthMin) return wrong(value, expected);
    for (let index = 0; index < value.length; index++) {
      const fault = shape(value[index]);
      if (fault !== null) return { ...fault, path: `[${index}]${fault.path}` };
    }
    return null;
  };
}

/** An object with any keys whose values have this shape. */
export function mapOf(shape: Shape): Shape {
  return (value) => {
    if (!isObject(value)) return wrong(value, "an object");
    for (const name of Object.keys(value)) {
      const fault = shape(value[name]);
      if (fault !== null) return { ...fault, path: `[${JSON.stringify(name)}]${fault.path}` };
    }
    return null;
  };
}

/**
 * An object with these fields. Others are allowed: a later version may have written them. The type
 * parameter makes the compiler check that every field of `T` is listed.
 */
export function record<T>(fields: { readonly [Name in keyof T]-?: Shape }): Shape {
  const entries = Object.entries(fields) as [string, Shape][];
  return (value) => {
    if (!isObject(value)) return wrong(value, "an object");
    for (const [name, shape] of entries) {
      const fault = shape(Object.hasOwn(value, name) ? value[name] : undefined);
      if (fault !== null) return { ...fault, path: `.${name}${fault.path}` };
    }
    return null;
  };
}

/** An object whose field `tag` selects one of `shapes`. */
export function tagged(tag: string, shapes: Readonly<Record<string, Shape>>): Shape {
  const kind = oneOf(...Object.keys(shapes));
  return (value) => {
    if (!isObject(value)) return wrong(value, "an object");
    const found = Object.hasOwn(value, tag) ? value[tag] : undefined;
    const fault = kind(found);
    if (fault !== null) return { ...fault, path: `.${tag}` };
    return shapes[found as string](value);
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

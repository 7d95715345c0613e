/**
 * Access to the internal state of Deno's Request, Response and Headers objects.
 *
 * Reading a string body through a stream costs more than the rest of a small response. The objects
 * keep their state under symbols, which are found once by the shape of their values. Without them
 * the public interface is used, which is only slower.
 */

/** Part of the state of a Response. */
export interface InnerResponse {
  readonly status: number;
  readonly statusMessage: string;
  readonly headerList: readonly (readonly [name: string, value: string])[];
  readonly body: InnerBody | null;
}

/** A body that is a constant or a stream. */
export interface InnerBody {
  readonly streamOrStatic: ReadableStream<Uint8Array> | StaticBody;
}

export interface StaticBody {
  readonly body: string | Uint8Array;
  readonly consumed: boolean;
}

type Keyed = Record<symbol, unknown>;

const innerKey: symbol | null = findInnerKey();
const headerListKey: symbol | null = findHeaderListKey();

function findInnerKey(): symbol | null {
  const sample = new Response("x") as unknown as Keyed;
  for (const key of Object.getOwnPropertySymbols(sample)) {
    const inner = sample[key] as InnerResponse | undefined;
    const held = inner?.body?.streamOrStatic as StaticBody | undefined;
    if (inner?.status === 200 && Array.isArray(inner.headerList) && held?.body === "x") return key;
  }
  return null;
}

function findHeaderListKey(): symbol | null {
  const sample = new Headers([["a", "b"]]) as unknown as Keyed;
  for (const key of Object.getOwnPropertySymbols(sample)) {
    const list = sample[key];
    if (Array.isArray(list) && list.length === 1 && list[0]?.[1] === "b") return key;
  }
  return null;
}

/** The state of a Response of Deno's own class; null for any other object. */
export function innerOf(response: object): InnerResponse | null {
  if (innerKey === null) return null;
  return (response as unknown as Keyed)[innerKey] as InnerResponse | undefined ?? null;
}

/** A constant body; null when it is a stream. */
export function staticBodyOf(body: InnerBody): StaticBody | null {
  const held = body.streamOrStatic as StaticBody;
  if (held.consumed !== false) return null;
  return typeof held.body === "string" || held.body instanceof Uint8Array ? held : null;
}

/** Makes Headers from pairs that the codec has already checked, without a second validation. */
export function makeHeaders(pairs: [name: string, value: string][]): Headers {
  if (headerListKey === null) return new Headers(pairs);
  const headers = new Headers();
  const list = (headers as unknown as Keyed)[headerListKey] as [string, string][];
  for (const pair of pairs) list.push(pair);
  return headers;
}

/** Symbols under which a Request keeps its state. Code that reads them needs the native object. */
export const requestKeys: readonly symbol[] = Object.getOwnPropertySymbols(
  new Request("http://localhost/"),
);

/** The same of a Headers. */
export const headersKeys: readonly symbol[] = Object.getOwnPropertySymbols(new Headers());

/**
 * Makes the objects of `prototype` pass for those of `native`: `instanceof` and `constructor` say so,
 * and a native function that looks for the state under `keys` gets that of `nativeOf(object)`.
 */
export function standIn<Served extends object>(
  prototype: Served,
  native: { readonly prototype: object },
  keys: readonly symbol[],
  nativeOf: (served: Served) => object,
): void {
  Object.setPrototypeOf(prototype, native.prototype);
  Object.defineProperty(prototype, "constructor", { value: native });
  for (const key of keys) {
    Object.defineProperty(prototype, key, {
      configurable: true,
      get(this: Served) {
        return (nativeOf(this) as Keyed)[key];
      },
      set(this: Served, value: unknown) {
        (nativeOf(this) as Keyed)[key] = value;
      },
    });
  }
}

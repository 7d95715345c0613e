/** The requests in the bytes that a script made: where each ends, and its method. */
import { type Method, RequestHead } from "../../http/mod.ts";
import { BodyDecoder, defaultLimits, describeFault, parseRequestHead } from "../../http1/mod.ts";

const head = new RequestHead();
const decoder = new BodyDecoder();
/** No limit for heads that the user wrote. */
export const ownRequestLimits = {
  ...defaultLimits,
  startLineBytesMax: 1 << 20,
  headBytesMax: 1 << 22,
  fieldsMax: 1000,
};

export interface SplitRequests {
  readonly ends: Int32Array;
  readonly methods: readonly Method[];
  /** Which requests end their connection (RFC 9112 9.3, 9.6); undefined: none does. */
  readonly closes: readonly boolean[] | undefined;
}

/** Throws `TypeError` unless the bytes are complete requests. */
export function splitRequests(bytes: Uint8Array): SplitRequests {
  const ends: number[] = [];
  const methods: Method[] = [];
  const closes: boolean[] = [];
  for (let at = 0; at < bytes.length;) {
    const headEnd = parseRequestHead(head, bytes, at, bytes.length, ownRequestLimits, at);
    if (headEnd === 0) throw new TypeError("request() returned an incomplete request");
    if (headEnd < 0) {
      throw new TypeError(
        `request() returned an invalid request: ${describeFault(headEnd).phrase}`,
      );
    }
    decoder.reset(head.framing, head.contentLength, ownRequestLimits);
    at = headEnd;
    while (!decoder.done && at < bytes.length) {
      at = decoder.step(bytes, at, bytes.length);
      if (at < 0) {
        throw new TypeError(`request() returned a broken body: ${describeFault(at).phrase}`);
      }
    }
    if (!decoder.done) throw new TypeError("request() returned a request without its whole body");
    ends.push(at);
    methods.push(head.method);
    closes.push(!head.keepAlive);
  }
  if (ends.length === 0) throw new TypeError("request() returned nothing");
  return {
    ends: Int32Array.from(ends),
    methods,
    closes: closes.includes(true) ? closes : undefined,
  };
}

/** Requests that were made for one connection. */
import { Method, methodNames } from "../../http/mod.ts";

export interface MadeRequests {
  /** One request that is encoded when it is sent; null: `bytes` are sent as they are. */
  readonly text: string | null;
  readonly bytes: Uint8Array;
  /** End offset of each. */
  readonly ends: Int32Array;
  readonly methods: readonly Method[];
  /** Which of them end their connection (RFC 9112 9.3, 9.6); undefined: none does. */
  readonly closes: readonly boolean[] | undefined;
  /** The same object comes again when the script repeats the request. */
  readonly isKept: boolean;
}

const encoder = new TextEncoder();
/** Lists of one method, by its number. */
const single: readonly (readonly Method[])[] = methodNames.map((_, method) => [method as Method]);
const closing: readonly boolean[] = [true];

/** One request as text. The object is used again for the next one: connections take its parts. */
export class MadeText implements MadeRequests {
  text = "";
  methods: readonly Method[] = single[Method.other];
  closes: readonly boolean[] | undefined = undefined;
  readonly isKept = false;

  set(text: string, method: Method, closes: boolean): this {
    this.text = text;
    this.methods = single[method];
    this.closes = closes ? closing : undefined;
    return this;
  }

  /** Encoded at each call; only HTTP/2 asks, and it sends other bytes. */
  get bytes(): Uint8Array {
    return encoder.encode(this.text);
  }

  get ends(): Int32Array {
    return Int32Array.of(this.bytes.length);
  }
}

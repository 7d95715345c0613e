/** Responses of a site, and the exchange as the shared static files see it. */
import type { Exchange } from "../../conn/exchange/exchange.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";
import type { FieldWriter, FileExchange } from "../../static/mod.ts";
import type { Framing } from "../../http/message_head.ts";
import type { Decoration, Field } from "./fields.ts";

/** A small response that the site keeps with its file. */
export class SiteResponse extends StaticResponse {
  #decoration: Decoration | null = null;
  #decorated: StaticResponse | null = null;

  /** With what `decoration` adds. Only the last one is kept: a file usually has one. */
  under(decoration: Decoration): StaticResponse {
    if (this.#decoration === decoration) return this.#decorated!;
    const { status, fields, body } = this;
    this.#decoration = decoration;
    return this.#decorated = new StaticResponse(status, decoration.apply(status, fields), body);
  }
}

/**
 * An exchange whose response gets the fields of a decoration. Only its head needs this view: the rest
 * of a body may be sent on the exchange itself.
 */
export class DecoratedExchange implements FileExchange<SiteResponse> {
  readonly #exchange: Exchange;
  readonly #decoration: Decoration;
  #status = 0;
  #fields: Field[] = [];

  constructor(exchange: Exchange, decoration: Decoration) {
    this.#exchange = exchange;
    this.#decoration = decoration;
  }

  get isHead(): boolean {
    return this.#exchange.isHead;
  }

  canSendFile(length: number): boolean {
    return this.#exchange.canSendFile(length);
  }

  respond(response: SiteResponse): void {
    this.#exchange.respond(response.under(this.#decoration));
  }

  beginHead(status: number): FieldWriter {
    this.#status = status;
    const fields: Field[] = this.#fields = [];
    return { field: (name, value) => void fields.push([name, value]) };
  }

  endHead(framing: Framing, contentLength: number): void {
    const writer = this.#exchange.beginHead(this.#status);
    for (const [name, value] of this.#decoration.apply(this.#status, this.#fields)) {
      writer.field(name, value);
    }
    this.#exchange.endHead(framing, contentLength);
  }

  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#exchange.writeBody(bytes, start, end);
  }

  sendFile(fd: number, offset: number, length: number): number {
    return this.#exchange.sendFile(fd, offset, length);
  }

  endBody(): void {
    this.#exchange.endBody();
  }

  abort(): void {
    this.#exchange.abort();
  }
}

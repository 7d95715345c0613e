/** Serves a folder. */
import { StartError } from "../../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";
import { reasonPhrase } from "../../http/status.ts";
import {
  type FileOpener,
  FileTransfer,
  readFileRequest,
  StaticSite,
  unknownType,
} from "../../static/mod.ts";
import type { FilesPlan } from "../plan/plan.ts";

/** Files up to this size are cached in memory; above it sendfile(2) is cheaper than the copy. */
const contentBytesMax = 32 << 10;

export class FolderHandler implements ExchangeHandler {
  readonly #site: StaticSite<StaticResponse>;
  readonly #clock: { readonly nowMs: number };
  readonly #pages = new Map<number, StaticResponse>();

  /** Throws StartError when `path` is not a folder. */
  constructor(
    path: string,
    files: FilesPlan,
    clock: { readonly nowMs: number },
    opener: FileOpener,
  ) {
    requireFolder(path);
    this.#clock = clock;
    this.#site = new StaticSite({
      options: {
        root: path,
        ...files,
        types: null,
        defaultType: unknownType,
        etag: true,
        contentBytesMax,
      },
      opener,
      render: (status, fields, body) => new StaticResponse(status, fields, body),
    });
  }

  onRequest(exchange: Exchange): void {
    const outcome = this.#site.answer(
      exchange,
      readFileRequest(exchange.head, exchange.head.pathText()),
      this.#clock.nowMs,
    );
    if (typeof outcome === "number") exchange.respond(this.#page(outcome));
    else exchange.context = outcome;
  }

  onBody(): void {}
  onBodyEnd(): void {}

  onDrain(exchange: Exchange): void {
    if (exchange.context instanceof FileTransfer && exchange.context.pump(exchange)) {
      exchange.context = null;
    }
  }

  onAbort(exchange: Exchange): void {
    if (exchange.context instanceof FileTransfer) exchange.context.stop();
  }

  #page(status: number): StaticResponse {
    let page = this.#pages.get(status);
    if (page === undefined) {
      const fields: [string, string][] = [["Content-Type", "text/plain; charset=utf-8"]];
      if (status === 405) fields.push(["Allow", "GET, HEAD"]);
      page = new StaticResponse(status, fields, `${status} ${reasonPhrase(status)}\n`);
      this.#pages.set(status, page);
    }
    return page;
  }
}

function requireFolder(path: string): void {
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new StartError(`${path}: no such folder, and not an app (.js, .ts)`, 1, {
        cause: error,
      });
    }
    throw new StartError(`${path}: cannot be read`, 1, { cause: error });
  }
  throw new StartError(`${path}: neither a folder nor an app (.js, .mjs, .ts, .mts, .tsx, .jsx)`);
}

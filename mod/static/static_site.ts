/** Serves a folder over exchanges. */
import { Framing } from "../http/message_head.ts";
import {
  type Answer,
  chooseRepresentation,
  decideAnswer,
  plainAnswer,
  withoutBody,
} from "./answer.ts";
import type { FileExchange } from "./file_exchange.ts";
import type { FileRequest } from "./file_request.ts";
import { FileTransfer } from "./file_transfer.ts";
import type { FileOpener } from "./open_file.ts";
import { MissCache } from "./miss_cache.ts";
import type { Representation, Resource } from "./resource.ts";
import { type CacheLimits, defaultCacheLimits, ResourceCache } from "./resource_cache.ts";
import { loadResource, Missing, type SiteOptions } from "./resource_loader.ts";
import { decodeTargetPath } from "./target_path.ts";

/** Renders a whole response. Must add the fields that every response of the server has. */
export type Render<Rendered> = (
  status: number,
  fields: readonly (readonly [name: string, value: string])[],
  body: Uint8Array,
) => Rendered;

/**
 * Status for the caller's own error page: 400, 403, 404, or 405 (which needs `Allow: GET, HEAD`).
 */
export type Refusal = 400 | 403 | 404 | 405;

/** Result of `answer`: a refusal, a body still to be pumped, or null when all is sent. */
export type Outcome<Rendered> = Refusal | FileTransfer<Rendered> | null;

export interface StaticSiteParts<Rendered> {
  readonly options: SiteOptions;
  readonly opener: FileOpener;
  readonly render: Render<Rendered>;
  /** URL path of the root, for redirects; default "". */
  readonly prefix?: string;
  readonly limits?: CacheLimits;
}

const noBytes = new Uint8Array(0);

/** Serves one folder, for all connections of a worker. */
export class StaticSite<Rendered> {
  readonly #parts: StaticSiteParts<Rendered>;
  readonly #cache: ResourceCache;
  readonly #misses = new MissCache();

  constructor(parts: StaticSiteParts<Rendered>) {
    this.#parts = parts;
    this.#cache = new ResourceCache(parts.limits ?? defaultCacheLimits);
  }

  /**
   * Answers `request` on `exchange`. A returned transfer has sent as much as the socket accepted: call `pump`
   * on each drain, `stop` on abort.
   */
  answer(exchange: FileExchange<Rendered>, request: FileRequest, nowMs: number): Outcome<Rendered> {
    if (!request.isRead && !this.#parts.options.handsOn) return 405;
    const { target, acceptEncoding } = request;
    const known = this.#cache.find(target, nowMs);
    const resource = known !== null && chooseRepresentation(known, acceptEncoding).isCurrent(nowMs)
      ? known
      : this.#load(target, nowMs);
    if (typeof resource === "number") return resource;
    if (resource.location !== null) return this.#redirect(exchange, resource.location, target);
    if (!request.isRead) return 405;
    const chosen = chooseRepresentation(resource, acceptEncoding);
    if (request.isPlain) return this.#sendPlain(exchange, resource, chosen);
    const answer = decideAnswer(request, resource, chosen, makeBoundary);
    if (answer.status === 200) return this.#sendPlain(exchange, resource, chosen);
    if (answer.status === 304) return this.#sendNotModified(exchange, resource, chosen);
    return this.#send(exchange, chosen, answer);
  }

  /** Closes the files that no transfer uses. */
  close(): void {
    this.#cache.clear();
    this.#misses.clear();
  }

  #load(target: string, nowMs: number): Resource | Refusal {
    if (this.#misses.has(target, nowMs)) return 404;
    const path = decodeTargetPath(target);
    if (path === "bad") return 400;
    if (path === "absent") return 404;
    const { options, opener, prefix } = this.#parts;
    const resource = loadResource(options, opener, path, prefix ?? "");
    if (resource instanceof Missing) {
      this.#misses.add(target, resource.watched, nowMs);
      return 404;
    }
    // A redirect is cheap to make, and has no state to check.
    if (typeof resource !== "number" && resource.location === null) {
      this.#cache.add(target, resource, nowMs);
    }
    return resource;
  }

  #redirect(exchange: FileExchange<Rendered>, location: string, target: string): null {
    const query = target.indexOf("?");
    const full = query < 0 ? location : location + target.slice(query);
    exchange.respond(this.#parts.render(301, [["Location", full]], noBytes));
    return null;
  }

  #sendPlain(exchange: FileExchange<Rendered>, resource: Resource, chosen: Representation) {
    if (chosen.content === null) {
      return this.#send(exchange, chosen, chosen.wholeAnswer ??= plainAnswer(resource, chosen));
    }
    if (chosen.rendered === null) {
      const answer = plainAnswer(resource, chosen);
      chosen.rendered = this.#parts.render(200, answer.fields, chosen.content);
    }
    exchange.respond(chosen.rendered as Rendered);
    return null;
  }

  #sendNotModified(
    exchange: FileExchange<Rendered>,
    resource: Resource,
    chosen: Representation,
  ): null {
    if (chosen.renderedNotModified === null) {
      const answer = withoutBody(304, resource, chosen);
      chosen.renderedNotModified = this.#parts.render(304, answer.fields, noBytes);
    }
    exchange.respond(chosen.renderedNotModified as Rendered);
    return null;
  }

  #send(
    exchange: FileExchange<Rendered>,
    chosen: Representation,
    answer: Answer,
  ): FileTransfer<Rendered> | null {
    const head = exchange.beginHead(answer.status);
    for (const [name, value] of answer.fields) head.field(name, value);
    exchange.endHead(Framing.length, answer.contentLength);
    if (exchange.isHead || answer.pieces.length === 0) {
      exchange.endBody();
      return null;
    }
    const transfer = new FileTransfer<Rendered>(chosen, answer.pieces);
    return transfer.pump(exchange) ? null : transfer;
  }
}

/** Unguessable, so that no file can contain it. */
function makeBoundary(): string {
  return crypto.randomUUID();
}

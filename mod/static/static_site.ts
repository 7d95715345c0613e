/** A folder as a web site: answers requests on exchanges. */
import { Framing } from "../http1/message_head.ts";
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

/** Puts a whole response into wire form. Must add what every response of the server carries. */
export type Render<Rendered> = (
  status: number,
  fields: readonly (readonly [name: string, value: string])[],
  body: Uint8Array,
) => Rendered;

/**
 * Why a request was not answered, for the caller's own error page: 400, 403, 404, or 405 (then
 * `Allow: GET, HEAD` belongs in the answer).
 */
export type Refusal = 400 | 403 | 404 | 405;

/** What `answer` has done: a refusal, a body still to be pumped, or null when all is sent. */
export type Outcome<Rendered> = Refusal | FileTransfer<Rendered> | null;

export interface StaticSiteParts<Rendered> {
  readonly options: SiteOptions;
  readonly opener: FileOpener;
  readonly render: Render<Rendered>;
  /** The URL path that stands for the root, for redirects; default "". */
  readonly prefix?: string;
  readonly limits?: CacheLimits;
}

const noBytes = new Uint8Array(0);

/** Serves one folder. Not tied to a connection: one site answers all of a worker's exchanges. */
export class StaticSite<Rendered> {
  readonly #parts: StaticSiteParts<Rendered>;
  readonly #cache: ResourceCache;
  readonly #misses = new MissCache();

  constructor(parts: StaticSiteParts<Rendered>) {
    this.#parts = parts;
    this.#cache = new ResourceCache(parts.limits ?? defaultCacheLimits);
  }

  /**
   * Answers `request` on `x`. A returned transfer has sent what the client took at once: `pump` it
   * on each drain, `stop` it on abort.
   */
  answer(x: FileExchange<Rendered>, request: FileRequest, nowMs: number): Outcome<Rendered> {
    if (!request.isRead && !this.#parts.options.handsOn) return 405;
    const { target, acceptEncoding } = request;
    const known = this.#cache.find(target, nowMs);
    const resource = known !== null && chooseRepresentation(known, acceptEncoding).isCurrent(nowMs)
      ? known
      : this.#load(target, nowMs);
    if (typeof resource === "number") return resource;
    if (resource.location !== null) return this.#redirect(x, resource.location, target);
    if (!request.isRead) return 405;
    const chosen = chooseRepresentation(resource, acceptEncoding);
    if (request.isPlain) return this.#sendPlain(x, resource, chosen);
    const answer = decideAnswer(request, resource, chosen, makeBoundary);
    if (answer.status === 200) return this.#sendPlain(x, resource, chosen);
    if (answer.status === 304) return this.#sendNotModified(x, resource, chosen);
    return this.#send(x, chosen, answer);
  }

  /** Closes the files that no transfer holds. */
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
    // A redirect costs nothing to make again, and has no state that could be checked.
    if (typeof resource !== "number" && resource.location === null) {
      this.#cache.add(target, resource, nowMs);
    }
    return resource;
  }

  #redirect(x: FileExchange<Rendered>, location: string, target: string): null {
    const query = target.indexOf("?");
    const full = query < 0 ? location : location + target.slice(query);
    x.respond(this.#parts.render(301, [["Location", full]], noBytes));
    return null;
  }

  #sendPlain(x: FileExchange<Rendered>, resource: Resource, chosen: Representation) {
    if (chosen.content === null) {
      return this.#send(x, chosen, chosen.wholeAnswer ??= plainAnswer(resource, chosen));
    }
    if (chosen.rendered === null) {
      const answer = plainAnswer(resource, chosen);
      chosen.rendered = this.#parts.render(200, answer.fields, chosen.content);
    }
    x.respond(chosen.rendered as Rendered);
    return null;
  }

  #sendNotModified(x: FileExchange<Rendered>, resource: Resource, chosen: Representation): null {
    if (chosen.renderedNotModified === null) {
      const answer = withoutBody(304, resource, chosen);
      chosen.renderedNotModified = this.#parts.render(304, answer.fields, noBytes);
    }
    x.respond(chosen.renderedNotModified as Rendered);
    return null;
  }

  #send(
    x: FileExchange<Rendered>,
    chosen: Representation,
    answer: Answer,
  ): FileTransfer<Rendered> | null {
    const head = x.beginHead(answer.status);
    for (const [name, value] of answer.fields) head.field(name, value);
    x.endHead(Framing.length, answer.contentLength);
    if (x.isHead || answer.pieces.length === 0) {
      x.endBody();
      return null;
    }
    const transfer = new FileTransfer<Rendered>(chosen, answer.pieces);
    return transfer.pump(x) ? null : transfer;
  }
}

/** Unguessable, so that no file can hold it. */
function makeBoundary(): string {
  return crypto.randomUUID();
}

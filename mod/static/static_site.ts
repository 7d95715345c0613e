/** Serves a folder over exchanges. */
import { Framing } from "../http/message_head.ts";
import {
  type Answer,
  chooseRepresentation,
  decideAnswer,
  pageAnswer,
  plainAnswer,
  withoutBody,
} from "./answer.ts";
import { acceptableCodings } from "./codings.ts";
import { type CompressedForms, Making } from "./compressed_forms.ts";
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
 * `bare`: a folder without an index, which is 403 where nothing else answers.
 */
export type Refusal = 400 | 403 | 404 | 405 | "bare";

/**
 * Result of `answer`: a refusal, a body still to be pumped, null when all is sent, or a compressed
 * form under way; then nothing has been sent, and `answer` is called again when it is over.
 */
export type Outcome<Rendered> = Refusal | FileTransfer<Rendered> | Making | null;

export interface StaticSiteParts<Rendered> {
  readonly options: SiteOptions;
  readonly opener: FileOpener;
  readonly render: Render<Rendered>;
  /** URL path of the root, for redirects; default "". */
  readonly prefix?: string;
  readonly limits?: CacheLimits;
  /** Compresses files that have no sibling; with the option `compresses`. */
  readonly forms?: CompressedForms;
}

/** Before the path of a resource that another path stands for: no target begins with it. */
const internalMark = "\n";

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
    const resource = this.#resourceOf(target, acceptEncoding, nowMs);
    if (typeof resource !== "object") return resource;
    if (resource.location !== null) return this.#redirect(exchange, resource.location, target);
    if (!request.isRead) return 405;
    return this.#answerWith(exchange, request, resource);
  }

  /**
   * Answers with the file at `path` (as in a URL) in place of the request's own. With another status
   * than 200 all of it is sent, whatever the conditions and ranges of the request.
   */
  answerPage(
    exchange: FileExchange<Rendered>,
    request: FileRequest,
    nowMs: number,
    path: string,
    status = 200,
  ): Outcome<Rendered> {
    const resource = this.#resourceOf(internalMark + path, request.acceptEncoding, nowMs);
    if (typeof resource !== "object") return resource;
    if (status === 200) return this.#answerWith(exchange, request, resource);
    const chosen = this.#choose(resource, request.acceptEncoding);
    return chosen instanceof Making ? chosen : this.#sendPage(exchange, status, resource, chosen);
  }

  /** Closes the files that no transfer uses. */
  close(): void {
    this.#cache.clear();
    this.#misses.clear();
  }

  #resourceOf(key: string, acceptEncoding: string | null, nowMs: number): Resource | Refusal {
    const known = this.#cache.find(key, nowMs);
    return known !== null && chooseRepresentation(known, acceptEncoding).isCurrent(nowMs)
      ? known
      : this.#load(key, nowMs);
  }

  #answerWith(
    exchange: FileExchange<Rendered>,
    request: FileRequest,
    resource: Resource,
  ): Outcome<Rendered> {
    const chosen = this.#choose(resource, request.acceptEncoding);
    if (chosen instanceof Making) return chosen;
    if (request.isPlain) return this.#sendPlain(exchange, resource, chosen);
    const answer = decideAnswer(request, resource, chosen, makeBoundary);
    if (answer.status === 200) return this.#sendPlain(exchange, resource, chosen);
    if (answer.status === 304) return this.#sendNotModified(exchange, resource, chosen);
    return this.#send(exchange, chosen, answer);
  }

  #choose(resource: Resource, acceptEncoding: string | null): Representation | Making {
    const chosen = chooseRepresentation(resource, acceptEncoding);
    const { forms } = this.#parts;
    if (
      forms === undefined || chosen.coding !== null || acceptEncoding === null ||
      !resource.isCompressed
    ) return chosen;
    const [coding] = acceptableCodings(acceptEncoding).codings;
    return coding === undefined ? chosen : forms.formOf(chosen, coding) ?? chosen;
  }

  #load(key: string, nowMs: number): Resource | Refusal {
    if (this.#misses.has(key, nowMs)) return 404;
    const isInternal = key[0] === internalMark;
    const path = decodeTargetPath(isInternal ? key.slice(1) : key);
    if (path === "bad") return 400;
    if (path === "absent") return 404;
    const { options, opener, prefix } = this.#parts;
    const resource = loadResource(options, opener, path, prefix ?? "", isInternal);
    if (resource instanceof Missing) {
      this.#misses.add(key, resource.watched, nowMs);
      return 404;
    }
    // A redirect is cheap to make, and has no state to check.
    if (typeof resource === "object" && resource.location === null) {
      this.#cache.add(key, resource, nowMs);
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

  #sendPage(
    exchange: FileExchange<Rendered>,
    status: number,
    resource: Resource,
    chosen: Representation,
  ): FileTransfer<Rendered> | null {
    const answer = pageAnswer(status, resource, chosen);
    if (chosen.content === null) return this.#send(exchange, chosen, answer);
    const pages = chosen.renderedPages ??= new Map();
    let rendered = pages.get(status) as Rendered | undefined;
    if (rendered === undefined) {
      pages.set(status, rendered = this.#parts.render(status, answer.fields, chosen.content));
    }
    exchange.respond(rendered);
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

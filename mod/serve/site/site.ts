/** One root with its rules: decides what answers a request. */
import { isUserGiven } from "../../conn/accept/access_token.ts";
import type { Exchange } from "../../conn/exchange/exchange.ts";
import { reasonPhrase } from "../../http/status.ts";
import {
  type CompressedForms,
  type FileExchange,
  type FileOpener,
  type FileRequest,
  type Outcome,
  StaticSite,
  unknownType,
} from "../../static/mod.ts";
import type { FilesPlan } from "../plan/plan.ts";
import type { TrustedProxies } from "../clients/trusted_proxies.ts";
import { cacheControlOf } from "./cache_rules.ts";
import { Decorations } from "./decorations.ts";
import { type Field, preflightFields } from "./fields.ts";
import { ruleFileNames, RuleFiles, type RuleLog } from "./rules/rule_files.ts";
import type { RuleOutcome } from "./rules/redirects.ts";
import { readSiteRequest, type SiteRequest, wantsPage } from "./site_request.ts";
import { DecoratedExchange, SiteResponse } from "./site_response.ts";

/** Files up to this size are cached in memory; above it sendfile(2) is cheaper than the copy. */
const contentBytesMax = 32 << 10;
/** A page for errors is looked for in this many folders, from the path's own upwards. */
const errorPageFoldersMax = 16;

const plain: Field = ["Content-Type", "text/plain; charset=utf-8"];
const errorPage = "404.html";

export interface SiteParts {
  readonly root: string;
  readonly files: FilesPlan;
  readonly opener: FileOpener;
  readonly log: RuleLog;
  readonly clock: { readonly nowMs: number };
  /** null: no proxy is trusted. */
  readonly clients: TrustedProxies | null;
  /** undefined: nothing is compressed. */
  readonly forms?: CompressedForms;
}

/** What is left to do: a body to pump, or a compressed form to wait for; null: nothing. */
export type Rest = Exclude<Outcome<SiteResponse>, number | string>;

export class Site {
  readonly #parts: SiteParts;
  readonly #site: StaticSite<SiteResponse>;
  readonly #rules: RuleFiles | null;
  readonly #decorations: Decorations;
  readonly #pages = new Map<number, SiteResponse>();

  constructor(parts: SiteParts) {
    const { root, files, opener, log, forms } = parts;
    this.#parts = parts;
    this.#rules = files.rules ? new RuleFiles(root, opener, files.outsideLinks, log) : null;
    this.#decorations = new Decorations({ cors: files.cors, security: files.securityHeaders });
    this.#site = new StaticSite({
      options: {
        root,
        ...files,
        types: null,
        defaultType: unknownType,
        etag: true,
        contentBytesMax,
        bareFoldersAbsent: files.spa,
        compresses: files.compress,
        ...(files.rules ? { reserved: ruleFileNames } : {}),
        ...(files.cache.length > 0 ? { cacheControlOf: cacheControlOf(files.cache) } : {}),
      },
      opener,
      render: (status, fields, body) => new SiteResponse(status, fields, body),
      ...(forms === undefined ? {} : { forms }),
    });
    this.#refresh(-1);
  }

  /** What is needed of a request before its answer; null: the file alone. */
  read(exchange: Exchange, file: FileRequest): SiteRequest | null {
    if (this.#rules !== null) this.#refresh(this.#parts.clock.nowMs);
    const needsMore = this.#decorations.areUsed || this.#parts.files.spa ||
      (this.#rules !== null && this.#rules.redirects !== null);
    return needsMore ? readSiteRequest(exchange, file, this.#parts.clients) : null;
  }

  /** `request` is what `read` has returned. */
  answer(exchange: Exchange, file: FileRequest, request: SiteRequest | null): Rest {
    const { nowMs } = this.#parts.clock;
    if (request !== null) return this.#answer(exchange, request, nowMs);
    const outcome = this.#site.answer(exchange, file, nowMs);
    if (typeof outcome === "object") return outcome;
    return this.#refuse(exchange, file, outcome, nowMs);
  }

  #refresh(nowMs: number): void {
    if (this.#rules?.refresh(nowMs)) this.#decorations.rules = this.#rules.headers;
  }

  #answer(exchange: Exchange, request: SiteRequest, nowMs: number): Rest {
    const decoration = this.#decorations.of(request, "");
    const files = new DecoratedExchange(exchange, decoration);
    if (decoration.users.length > 0 && !isUserGiven(request.authorization, decoration.users)) {
      files.respond(this.#page(401));
      return null;
    }
    const { path, file } = request;
    if (this.#parts.files.cors !== null && request.preflightMethod !== null) {
      const fields = preflightFields(request.preflightFields);
      files.respond(new SiteResponse(204, fields, new Uint8Array(0)));
      return null;
    }
    const redirects = this.#rules?.redirects ?? null;
    const forced = path === null ? null : redirects?.find(path, true) ?? null;
    if (forced !== null) return this.#follow(files, request, forced, nowMs);
    const outcome = this.#site.answer(files, file, nowMs);
    if (typeof outcome === "object") return outcome;
    if (outcome === 404 || outcome === "bare" || outcome === 405) {
      const found = path === null ? null : redirects?.find(path, false) ?? null;
      if (found !== null) return this.#follow(files, request, found, nowMs);
    }
    if (!this.#parts.files.spa) return this.#refuse(files, file, outcome, nowMs);
    return this.#answerApp(exchange, request, outcome, nowMs);
  }

  /** The page of an application answers its routes. */
  #answerApp(
    exchange: Exchange,
    request: SiteRequest,
    outcome: Exclude<Outcome<SiteResponse>, object | null>,
    nowMs: number,
  ): Rest {
    const { index } = this.#parts.files;
    // Another client would get another answer, now and when it asks a cache.
    const files = new DecoratedExchange(exchange, this.#decorations.of(request, "Accept"));
    if ((outcome === 404 || outcome === "bare") && wantsPage(request)) {
      const page = this.#site.answerPage(files, request.file, nowMs, `/${index[0]}`);
      if (typeof page === "object") return page;
    }
    return this.#refuse(files, request.file, outcome, nowMs);
  }

  #follow(
    files: FileExchange<SiteResponse>,
    { file }: SiteRequest,
    rule: RuleOutcome,
    nowMs: number,
  ): Rest {
    if (rule.kind === "redirect") {
      files.respond(
        new SiteResponse(rule.status, [["Location", rule.location]], new Uint8Array(0)),
      );
      return null;
    }
    if (!file.isRead) return this.#refuse(files, file, 405, nowMs);
    const outcome = this.#site.answerPage(files, file, nowMs, rule.path, rule.status);
    if (typeof outcome === "object") return outcome;
    return this.#refuse(files, file, outcome, nowMs);
  }

  /** The site's own page for 404, or a line of text. */
  #refuse(
    files: FileExchange<SiteResponse>,
    file: FileRequest,
    outcome: Exclude<Outcome<SiteResponse>, object | null>,
    nowMs: number,
  ): Rest {
    if (outcome === 404 && file.isRead) {
      for (const path of errorPages(file.target)) {
        const page = this.#site.answerPage(files, file, nowMs, path, 404);
        if (typeof page === "object") return page;
      }
    }
    files.respond(this.#page(outcome === "bare" ? 403 : outcome));
    return null;
  }

  #page(status: number): SiteResponse {
    let page = this.#pages.get(status);
    if (page === undefined) {
      const fields: Field[] = [plain];
      const allowed = this.#parts.files.cors === null ? "GET, HEAD" : "GET, HEAD, OPTIONS";
      if (status === 405) fields.push(["Allow", allowed]);
      if (status === 401) {
        fields.push(["WWW-Authenticate", 'Basic realm="restricted", charset="UTF-8"']);
      }
      page = new SiteResponse(status, fields, `${status} ${reasonPhrase(status)}\n`);
      this.#pages.set(status, page);
    }
    return page;
  }
}

/** The nearest first, as at Cloudflare Pages: a language may have one of its own. */
function errorPages(target: string): string[] {
  const [path] = target.split(/[?#]/, 1);
  const folders = path.split("/").filter((part) => part !== "").slice(0, errorPageFoldersMax);
  if (!path.endsWith("/")) folders.pop();
  const pages: string[] = [];
  for (let count = folders.length; count >= 0; count--) {
    pages.push(`/${[...folders.slice(0, count), errorPage].join("/")}`);
  }
  return pages;
}

/** Finds the decoration of a request, and keeps those that requests have in common. */
import type { HeaderRules } from "./rules/header_rules.ts";
import {
  corsFields,
  type CorsPlan,
  Decoration,
  type Field,
  securityFields,
  strictTransport,
} from "./fields.ts";
import type { SiteRequest } from "./site_request.ts";

/** When full all are forgotten: the next requests find them again. */
const pathsMax = 4096;
const decorationsMax = 1024;

export interface DecorationPlan {
  readonly cors: CorsPlan | null;
  readonly security: boolean;
}

export class Decorations {
  readonly #plan: DecorationPlan;
  #rules: HeaderRules | null = null;
  #readsHost = false;
  /** By what can make a difference in a request. */
  readonly #byRequest = new Map<string, Decoration>();
  /** By what they add: few, so that responses can be kept with them. */
  readonly #byContent = new Map<string, Decoration>();

  constructor(plan: DecorationPlan) {
    this.#plan = plan;
  }

  /** Something is added, at least for some requests. */
  get areUsed(): boolean {
    return this.#rules !== null || this.#plan.cors !== null || this.#plan.security;
  }

  set rules(rules: HeaderRules | null) {
    this.#rules = rules;
    this.#readsHost = rules?.readsHost ?? false;
    this.#byRequest.clear();
    this.#byContent.clear();
  }

  /** `variesBy`: a field of the request that has decided what is sent; "" for none. */
  of(request: SiteRequest, variesBy: string): Decoration {
    const { path, scheme, origin } = request;
    const { cors } = this.#plan;
    const isListed = cors !== null && cors !== "*" && origin !== null && cors.includes(origin);
    const key = [
      variesBy,
      scheme,
      isListed ? origin : "",
      this.#readsHost ? request.host : "",
      this.#rules === null ? "" : path?.isFolder,
      ...(this.#rules === null ? [] : path?.segments ?? ["\0"]),
    ].join("/");
    let found = this.#byRequest.get(key);
    if (found === undefined) {
      if (this.#byRequest.size === pathsMax) this.#byRequest.clear();
      this.#byRequest.set(key, found = this.#make(request, variesBy));
    }
    return found;
  }

  #make({ path, scheme, origin }: SiteRequest, variesBy: string): Decoration {
    const { cors, security } = this.#plan;
    const added: Field[] = [];
    if (security) added.push(...securityFields);
    if (security && scheme === "https") added.push(strictTransport);
    if (cors !== null) added.push(...corsFields(cors, origin));
    if (variesBy !== "") added.push(["Vary", variesBy]);
    const change = path === null ? null : this.#rules?.find(path) ?? null;
    const content = JSON.stringify([
      added,
      change && [[...change.fields], [...change.removed], change.users],
    ]);
    let decoration = this.#byContent.get(content);
    if (decoration === undefined) {
      if (this.#byContent.size === decorationsMax) this.#byContent.clear();
      this.#byContent.set(content, decoration = new Decoration(added, change));
    }
    return decoration;
  }
}

/**
 * Sticky sessions: which peer a request belongs to, and the cookie that keeps it there. nginx's
 * `sticky cookie` and `sticky route`, Tengine's `session_sticky`.
 */
import { imfFixdate, type RequestHead } from "../../../http/mod.ts";
import type { Peer } from "../../balance/peer.ts";
import type { StickyCookiePlan, StickyPlan, StickySessionPlan } from "../../plan/upstream_plan.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import { changeCookies, cookieValue, setCookieValue, withCookieValue } from "./cookies.ts";
import { compileHashKey, type HashKey } from "./hash_key.ts";

/** Binds one request to a peer, and the cookie of its response to that peer. */
export interface Session {
  /** Name of the peer that the request belongs to; "" for none. */
  readonly sid: string;
  /** No other peer may answer. */
  readonly isBound: boolean;
  /** The upstream gets other cookies than the client sent. */
  readonly changesRequest: boolean;
  /** The Cookie field to send to the upstream; "" removes the line. */
  requestCookie(value: string): string;
  /** Sets the peer that answers; call it before the methods below. */
  answeredBy(peer: Peer): void;
  /** An upstream's Set-Cookie field as sent to the client; "" removes the line. */
  responseCookie(value: string): string;
  /** The value of the proxy's own Set-Cookie field, or "". */
  ownCookie(status: number): string;
}

/** Reads sessions from requests; one per upstream with `sticky`. */
export type Sticky = (head: RequestHead, facts: ConnectionFacts, epochMs: number) => Session;

export function compileSticky(plan: StickyPlan): Sticky {
  switch (plan.kind) {
    case "route": {
      const keys = plan.variables.map(compileHashKey);
      return (head, facts) => new RouteSession(firstOf(keys, head, facts));
    }
    case "cookie":
      return (head, _facts, epochMs) =>
        new CookieSession(plan, cookieOf(head, plan.cookie), epochMs);
    case "session":
      return (head, _facts, epochMs) => {
        const value = cookieOf(head, plan.cookie);
        return plan.mode === "insert"
          ? new InsertSession(plan, value, epochMs)
          : plan.mode === "prefix"
          ? new PrefixSession(plan, value)
          : new RewriteSession(plan, value);
      };
  }
}

function firstOf(keys: readonly HashKey[], head: RequestHead, facts: ConnectionFacts): string {
  for (const key of keys) {
    const value = key(head, facts);
    if (value !== "") return value;
  }
  return "";
}

function cookieOf(head: RequestHead, name: string): string {
  return cookieValue(head.field("cookie") ?? "", name);
}

/** Changes no field; the request names the route in some way. */
class RouteSession implements Session {
  readonly sid: string;
  readonly isBound: boolean = false;
  readonly changesRequest: boolean = false;
  /** Name of the peer that answers. */
  protected answering = "";

  constructor(sid: string) {
    this.sid = sid;
  }

  requestCookie(value: string): string {
    return value;
  }

  answeredBy(peer: Peer): void {
    this.answering = peer.sid;
  }

  responseCookie(value: string): string {
    return value;
  }

  ownCookie(_status: number): string {
    return "";
  }
}

/** nginx's mode: every response sets the cookie, so that `expires` counts from the last one. */
class CookieSession extends RouteSession {
  readonly plan: StickyCookiePlan;
  readonly epochMs: number;

  constructor(plan: StickyCookiePlan, sid: string, epochMs: number) {
    super(sid);
    this.plan = plan;
    this.epochMs = epochMs;
  }

  override ownCookie(_status: number): string {
    const { plan } = this;
    let text = `${plan.cookie}=${this.answering}`;
    if (plan.expiresS === "max") {
      text += "; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000";
    } else if (plan.expiresS !== null) {
      text += `; expires=${cookieTime(this.epochMs / 1000 + plan.expiresS)}`;
      text += `; max-age=${plan.expiresS}`;
    }
    if (plan.domain !== "") text += `; domain=${plan.domain}`;
    if (plan.httpOnly) text += "; httponly";
    if (plan.secure) text += "; secure";
    if (plan.sameSite !== "") text += `; samesite=${plan.sameSite}`;
    if (plan.path !== "") text += `; path=${plan.path}`;
    return text;
  }
}

/** Times up to a day in the future are accepted: a client's clock may be ahead (Tengine). */
const skewS = 86_400;

/** When a session of Tengine's insert mode was last and first used. */
interface Seen {
  readonly sid: string;
  readonly lastS: number;
  readonly firstS: number;
}

/** Tengine's insert: the proxy's cookie, set if the client has none or moves to another peer. */
class InsertSession extends RouteSession {
  readonly plan: StickySessionPlan;
  override readonly isBound: boolean;
  override readonly changesRequest: boolean;
  readonly #firstS: number;
  readonly #nowS: number;

  constructor(plan: StickySessionPlan, value: string, epochMs: number) {
    const nowS = Math.floor(epochMs / 1000);
    const seen = seenIn(plan, value, nowS);
    super(seen?.sid ?? "");
    this.plan = plan;
    this.isBound = !plan.fallback;
    this.changesRequest = plan.indirect;
    this.#nowS = nowS;
    this.#firstS = seen?.firstS ?? nowS;
  }

  override requestCookie(value: string): string {
    return changeCookies(value, this.plan.cookie, () => null);
  }

  /**
   * With `indirect` the cookie's name is reserved: an upstream's cookie of that name is dropped.
   */
  override responseCookie(value: string): string {
    const isOurs = this.plan.indirect && setCookieValue(value, this.plan.cookie) !== null;
    return isOurs ? "" : value;
  }

  /** As in Tengine, errors set no cookie: the next request may well go to another peer. */
  override ownCookie(status: number): string {
    const { plan } = this;
    if (status >= 400 || !this.#isDue()) return "";
    const isTimed = hasTimes(plan);
    let text = `${plan.cookie}=${this.answering}`;
    if (isTimed) text += `|${this.#nowS}|${this.#firstS}`;
    if (plan.domain !== "") text += `; Domain=${plan.domain}`;
    if (plan.path !== "") text += `; Path=${plan.path}`;
    if (!isTimed && plan.maxAgeS !== null) {
      text += `; Max-Age=${plan.maxAgeS}; Expires=${cookieTime(this.#nowS + plan.maxAgeS)}`;
    }
    return text;
  }

  #isDue(): boolean {
    return this.sid !== this.answering || hasTimes(this.plan);
  }
}

function hasTimes(plan: StickySessionPlan): boolean {
  return plan.maxIdleS !== null || plan.maxLifeS !== null;
}

/** The session in a cookie; null if there is none, or if it exceeds its idle or life time. */
function seenIn(plan: StickySessionPlan, value: string, nowS: number): Seen | null {
  if (value === "") return null;
  if (!hasTimes(plan)) return { sid: value, lastS: nowS, firstS: nowS };
  const match = /^([^|]+)\|([0-9]{1,12})\|([0-9]{1,12})$/.exec(value);
  if (match === null) return null;
  const seen = { sid: match[1], lastS: Number(match[2]), firstS: Number(match[3]) };
  return isWithin(nowS - seen.lastS, plan.maxIdleS) && isWithin(nowS - seen.firstS, plan.maxLifeS)
    ? seen
    : null;
}

function isWithin(ageS: number, limitS: number | null): boolean {
  return ageS >= -skewS && ageS <= (limitS ?? Infinity);
}

/** Tengine's rewrite: the upstream decides which responses set the cookie; we set its value. */
class RewriteSession extends RouteSession {
  readonly plan: StickySessionPlan;
  override readonly isBound: boolean;

  constructor(plan: StickySessionPlan, sid: string) {
    super(sid);
    this.plan = plan;
    this.isBound = !plan.fallback;
  }

  override responseCookie(value: string): string {
    const { cookie } = this.plan;
    if (setCookieValue(value, cookie) === null) return value;
    return withCookieValue(value, cookie, this.answering);
  }
}

/** Tengine's prefix: the upstream's own cookie, with the peer's name and `~` before its value. */
class PrefixSession extends RouteSession {
  readonly plan: StickySessionPlan;
  override readonly isBound: boolean;
  override readonly changesRequest: boolean = true;

  constructor(plan: StickySessionPlan, value: string) {
    super(value.slice(0, Math.max(value.indexOf("~"), 0)));
    this.plan = plan;
    this.isBound = !plan.fallback;
  }

  override requestCookie(value: string): string {
    return changeCookies(value, this.plan.cookie, (text) => text.slice(text.indexOf("~") + 1));
  }

  override responseCookie(value: string): string {
    const { cookie } = this.plan;
    const own = setCookieValue(value, cookie);
    if (own === null || own === "") return value;
    return withCookieValue(value, cookie, `${this.answering}~${own}`);
  }
}

/** nginx's form of a cookie's date: `Sun, 06-Nov-94 08:49:37 GMT`; four-digit year from 2038. */
function cookieTime(epochS: number): string {
  const text = imfFixdate(Math.floor(epochS));
  const year = Number(text.slice(12, 16));
  const yearText = year > 2037 ? text.slice(12, 16) : text.slice(14, 16);
  return `${text.slice(0, 7)}-${text.slice(8, 11)}-${yearText}${text.slice(16)}`;
}

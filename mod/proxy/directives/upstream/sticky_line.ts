/** `sticky`: nginx's cookie and route, and Tengine's session_sticky (insert, rewrite, prefix). */
import type { Mutable } from "../../../base/mutable.ts";
import { nearest } from "../../../base/nearest.ts";
import { parseCount, parseDuration } from "../../../config/mod.ts";
import type { StickyCookiePlan, StickyPlan, StickySessionPlan } from "../../plan/upstream_plan.ts";
import type {} from "../draft/drafts.ts";
import { joinFaults, readWords, type WordReader, wordsOf } from "../draft/word_line.ts";

const kinds = ["cookie", "route", "insert", "rewrite", "prefix"];
const cookieName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** The value of a cookie attribute, without blanks (RFC 6265 section 4.1.1). */
const attribute = /^[!-:<-~]+$/;
const variable = /^\$(cookie|arg|http)_[A-Za-z0-9_-]+$/;

/** Parses `sticky`. Returns the plan, or an error message. */
export function parseSticky(text: string): StickyPlan | string {
  const [kind = "", ...words] = wordsOf(text);
  switch (kind) {
    case "cookie":
      return parseCookie(words);
    case "route":
      return parseRoute(words);
    case "insert":
    case "rewrite":
    case "prefix":
      return parseSession(kind, words);
    case "learn":
      return "nginx knows `learn`, hayate does not; allowed: " + kinds.join(", ");
  }
  const near = nearest(kind, kinds);
  const hint = near === null ? "" : ` (did you mean ${near}?)`;
  return `found \`${kind}\`${hint}; allowed: ${kinds.join(", ")}`;
}

/** Parses Tengine's `session_sticky`: `cookie=route mode=insert option=indirect`. */
export function parseSessionSticky(text: string): StickyPlan | string {
  let mode: StickySessionPlan["mode"] = "insert";
  const words: string[] = [];
  const wrongModes: string[] = [];
  for (const word of wordsOf(text)) {
    const match = /^mode=(.*)$/.exec(word);
    if (match === null) words.push(word);
    else if (match[1] === "insert" || match[1] === "rewrite" || match[1] === "prefix") {
      mode = match[1];
    } else wrongModes.push(`found \`${word}\`; allowed: insert, rewrite, prefix`);
  }
  const session = parseSession(mode, words);
  return joinFaults([...wrongModes, typeof session === "string" ? session : null]) ?? session;
}

/** Returns a notice of parameters that Tengine accepts but ignores in this mode; "" for none. */
export function idleStickyWords(plan: StickyPlan): string {
  if (plan.kind !== "session" || plan.mode === "insert") return "";
  const { maxAgeS, maxIdleS, maxLifeS, indirect, mode } = plan;
  const words = [
    maxAgeS === null ? "" : "maxage",
    maxIdleS === null ? "" : "maxidle",
    maxLifeS === null ? "" : "maxlife",
    indirect ? "option=indirect" : "",
  ].filter((word) => word !== "");
  if (words.length === 0) return "";
  return `${words.join(", ")}: without effect with ${mode}, where the upstream sets the cookie`;
}

function parseRoute(words: readonly string[]): StickyPlan | string {
  const allowed = "allowed: $cookie_NAME, $arg_NAME, $http_NAME";
  if (words.length === 0) return `route names no variable; ${allowed}`;
  const wrong = words.filter((word) => !variable.test(word));
  const faults = wrong.map((word) => `found \`${word}\`; ${allowed}`);
  return joinFaults(faults) ?? { kind: "route", variables: words };
}

function parseCookie(words: readonly string[]): StickyPlan | string {
  const [cookie = "", ...rest] = words;
  const unnamed = cookieName.test(cookie)
    ? null
    : "cookie needs the cookie's name as its first word";
  const plan: Mutable<StickyCookiePlan> = {
    kind: "cookie",
    cookie,
    expiresS: null,
    domain: "",
    path: "",
    httpOnly: false,
    secure: false,
    sameSite: "",
  };
  const wrong = readWords(rest, [
    {
      form: "expires=TIME",
      allowed: "a time such as 1h, or max",
      read: (text) => {
        plan.expiresS = text === "max" ? text : secondsOf(text);
        return plan.expiresS !== null;
      },
    },
    ...placeReaders(plan),
    { form: "httponly", read: () => plan.httpOnly = true },
    { form: "secure", read: () => plan.secure = true },
    {
      form: "samesite=strict|lax|none",
      allowed: "strict, lax, none",
      read: (text) => /^(strict|lax|none)$/i.test(text) && (plan.sameSite = text) !== "",
    },
  ]);
  return joinFaults([unnamed, wrong]) ?? plan;
}

/** Readers of `domain=` and `path=`: to which requests the browser adds the cookie. */
function placeReaders(plan: { domain: string; path: string }): WordReader[] {
  const allowed = "a text without blanks and ;";
  return [
    {
      form: "domain=NAME",
      allowed,
      read: (text) => attribute.test(text) && !text.includes("$") && (plan.domain = text) !== "",
    },
    {
      form: "path=PATH",
      allowed,
      read: (text) => attribute.test(text) && (plan.path = text) !== "",
    },
  ];
}

function parseSession(
  mode: StickySessionPlan["mode"],
  words: readonly string[],
): StickyPlan | string {
  const plan: Mutable<StickySessionPlan> = {
    kind: "session",
    mode,
    cookie: "route",
    domain: "",
    path: "/",
    maxAgeS: null,
    maxIdleS: null,
    maxLifeS: null,
    indirect: false,
    fallback: true,
    hash: "md5",
  };
  const wrong = readWords(words, sessionReaders(plan));
  if (wrong !== null) return wrong;
  // With `indirect` the upstream would not get back the cookie that it sets itself.
  if (mode === "rewrite" && plan.indirect) {
    return "option=indirect goes with insert, not with rewrite";
  }
  return plan;
}

function sessionReaders(plan: Mutable<StickySessionPlan>): WordReader[] {
  return [
    {
      form: "cookie=NAME",
      allowed: "a cookie's name",
      read: (text) => cookieName.test(text) && (plan.cookie = text) !== "",
    },
    ...placeReaders(plan),
    {
      form: "maxage=SECONDS",
      allowed: "a number of seconds",
      read: (text) => (plan.maxAgeS = parseCount(text)) !== null,
    },
    {
      form: "maxidle=TIME",
      allowed: "a time such as 30m",
      read: (text) => (plan.maxIdleS = secondsOf(text)) !== null,
    },
    {
      form: "maxlife=TIME",
      allowed: "a time such as 12h",
      read: (text) => (plan.maxLifeS = secondsOf(text)) !== null,
    },
    {
      form: "option=indirect|direct",
      allowed: "indirect, direct",
      read: (text) => {
        plan.indirect = text === "indirect";
        return plan.indirect || text === "direct";
      },
    },
    {
      form: "fallback=on|off",
      allowed: "on, off",
      read: (text) => {
        plan.fallback = text === "on";
        return plan.fallback || text === "off";
      },
    },
    {
      form: "hash=md5|plain",
      allowed: "md5, plain",
      read: (text) => {
        plan.hash = text === "plain" ? "plain" : "md5";
        return text === plan.hash;
      },
    },
  ];
}

function secondsOf(text: string): number | null {
  const ms = parseDuration(text, 1000);
  return ms === null ? null : Math.floor(ms / 1000);
}

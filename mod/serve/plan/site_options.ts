/** Parsers for the flags of static sites. */
import { Wrong } from "../../cli/mod.ts";
import { isHostName } from "../../config/addresses.ts";
import type { CacheRule, HostFolder } from "./plan.ts";

/** For names that change with their content, such as `app.3f2a.js`. A year, the usual "forever". */
const immutable = "public, max-age=31536000, immutable";
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `GLOB POLICY`: immutable, a time such as `1h`, or the directives of Cache-Control themselves. */
export function readCache(text: string): CacheRule | Wrong {
  const [, pattern, policy] = /^\s*(\S+)\s+(\S.*?)\s*$/.exec(text) ?? [];
  if (pattern === undefined) {
    return new Wrong("not a pattern and a policy such as 'assets/** immutable'");
  }
  if (policy === "immutable") return { pattern, value: immutable };
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(policy) ?? [];
  if (count !== undefined) {
    return { pattern, value: `public, max-age=${Number(count) * unitSeconds[unit]}` };
  }
  const directive =
    /^(?:no-(?:cache|store|transform)|public|private|must-revalidate|immutable|must-understand|proxy-revalidate|(?:max-age|s-maxage|stale-while-revalidate|stale-if-error)=\d+)$/;
  if (policy.split(",").every((one) => directive.test(one.trim()))) {
    return { pattern, value: policy };
  }
  return new Wrong(
    `the policy ${policy} is not immutable, a time such as 1h or 30d, or directives of ` +
      "Cache-Control such as no-cache",
  );
}

/** `HOST=FOLDER`; HOST may begin with `*.`. */
export function readSite(text: string): HostFolder | Wrong {
  const at = text.indexOf("=");
  const host = text.slice(0, Math.max(0, at)).toLowerCase().replace(/\.$/, "");
  const path = text.slice(at + 1);
  if (!isHostName(host.replace(/^\*\./, "")) || path === "") {
    return new Wrong("not HOST=FOLDER such as www.example.com=public");
  }
  return { host, path };
}

/** An origin as browsers send it, or `*`. */
export function readOrigin(text: string): string | Wrong {
  if (text === "*") return text;
  const wrong = new Wrong("not * or an origin such as https://app.example.com");
  if (!URL.canParse(text)) return wrong;
  const { origin, href } = new URL(text);
  return origin !== "null" && href === `${origin}/` ? origin : wrong;
}

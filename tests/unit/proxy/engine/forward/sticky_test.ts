import { assertEquals } from "@std/assert";
import type { Peer } from "../../../../../mod/proxy/balance/peer.ts";
import {
  parseSessionSticky,
  parseSticky,
} from "../../../../../mod/proxy/directives/upstream/sticky_line.ts";
import type { ConnectionFacts } from "../../../../../mod/proxy/engine/clients/connection_facts.ts";
import { compileSticky, type Session } from "../../../../../mod/proxy/engine/forward/sticky.ts";
import { headOf } from "../heads.ts";

const facts = {} as ConnectionFacts;
/** 2026-11-23 12:00:00 UTC. */
const nowMs = 1_795_435_200_000;
const nowS = nowMs / 1000;

/** The session of a request to `target` with a Cookie field ("" for none). */
function session(line: string, cookie: string, target = "/", epochMs = nowMs): Session {
  const plan = /\bmode=/.test(line) ? parseSessionSticky(line) : parseSticky(line);
  if (typeof plan === "string") throw new Error(plan);
  const head = cookie === "" ? headOf(target) : headOf(target, `Cookie: ${cookie}`);
  return compileSticky(plan)(head, facts, epochMs);
}

/** The Set-Cookie value of the session when `sid` answers with `status`. */
function ownCookie(one: Session, sid: string, status = 200): string {
  one.answeredBy({ sid } as Peer);
  return one.ownCookie(status);
}

Deno.test("sticky cookie reads the cookie and sets it in every response, in nginx's form", () => {
  assertEquals(session("cookie srv", "x=1; srv=abc").sid, "abc");
  assertEquals(session("cookie srv", "").sid, "");
  const rows: readonly (readonly [string, string])[] = [
    ["cookie srv", "srv=a"],
    [
      "cookie srv expires=1h domain=.example.com path=/x",
      "srv=a; expires=Mon, 23-Nov-26 13:00:00 GMT; max-age=3600; domain=.example.com; path=/x",
    ],
    [
      "cookie srv path=/ httponly secure samesite=Lax",
      "srv=a; httponly; secure; samesite=Lax; path=/",
    ],
    ["cookie srv expires=max", "srv=a; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000"],
    // nginx writes years after 2037 with four digits.
    [
      "cookie srv expires=4383d",
      "srv=a; expires=Tue, 23-Nov-2038 12:00:00 GMT; max-age=378691200",
    ],
  ];
  for (const [line, expected] of rows) {
    assertEquals(ownCookie(session(line, "srv=a"), "a"), expected);
    assertEquals(ownCookie(session(line, ""), "a", 404), expected);
  }
  assertEquals(session("cookie srv", "srv=a").changesRequest, false);
});

Deno.test("sticky route uses the first non-empty variable and sets no cookie", () => {
  const line = "route $cookie_route $arg_route $http_x_route";
  assertEquals(session(line, "route=a", "/?route=b").sid, "a");
  assertEquals(session(line, "x=1", "/p?y=1&route=b").sid, "b");
  assertEquals(session(line, "x=1").sid, "");
  assertEquals(ownCookie(session(line, ""), "a"), "");
});

Deno.test("sticky insert sets its cookie for new clients and moved ones, in Tengine's form", () => {
  assertEquals(ownCookie(session("insert", ""), "abc"), "route=abc; Path=/");
  assertEquals(ownCookie(session("insert", "route=abc"), "abc"), "");
  assertEquals(ownCookie(session("insert", "route=gone"), "abc"), "route=abc; Path=/");
  assertEquals(ownCookie(session("insert", ""), "abc", 404), "");
  assertEquals(
    ownCookie(session("insert cookie=uid domain=x.org path=/a maxage=3600", ""), "abc"),
    "uid=abc; Domain=x.org; Path=/a; Max-Age=3600; Expires=Mon, 23-Nov-26 13:00:00 GMT",
  );
  assertEquals(
    ownCookie(session("cookie=uid mode=insert path=/", ""), "abc"),
    "uid=abc; Path=/",
  );
});

Deno.test("sticky insert with maxidle and maxlife lets sessions end", () => {
  const line = "insert maxidle=10m maxlife=1h";
  const age = (last: number, first: number) =>
    session(line, `route=a|${nowS - last}|${nowS - first}`).sid;
  assertEquals(age(600, 3600), "a");
  assertEquals(age(601, 700), "");
  assertEquals(age(10, 3601), "");
  assertEquals(age(-86_400, -86_400), "a");
  assertEquals(age(-86_401, 0), "");
  for (const value of ["a", "a|1", "a||1", "a|1|2|3", "a|x|1", "|1|1"]) {
    assertEquals(session(line, `route=${value}`).sid, "", value);
  }
  // The first time stays, the last one is updated with every response.
  const known = session(line, `route=a|${nowS - 60}|${nowS - 120}`);
  assertEquals(ownCookie(known, "a"), `route=a|${nowS}|${nowS - 120}; Path=/`);
  assertEquals(ownCookie(session(line, ""), "a"), `route=a|${nowS}|${nowS}; Path=/`);
  assertEquals(session("insert maxidle=10m", `route=a|${nowS - 5}|${nowS - 1e6}`).sid, "a");
});

Deno.test("sticky insert with indirect hides its cookie from the upstream", () => {
  const one = session("insert option=indirect", "x=1; route=a; y=2");
  assertEquals([one.sid, one.changesRequest], ["a", true]);
  assertEquals(one.requestCookie("x=1; route=a; y=2"), "x=1; y=2");
  assertEquals(one.requestCookie("route=a"), "");
  // The cookie name is hayate's.
  assertEquals(one.responseCookie("route=evil; Path=/"), "");
  assertEquals(one.responseCookie("other=1"), "other=1");
  assertEquals(session("insert option=direct", "route=a").responseCookie("route=b"), "route=b");
});

Deno.test("sticky rewrite replaces the value of the upstream's cookie, if it sets one", () => {
  const one = session("rewrite cookie=JSESSIONID", "JSESSIONID=a");
  one.answeredBy({ sid: "b" } as Peer);
  assertEquals(one.sid, "a");
  assertEquals(one.responseCookie("JSESSIONID=xyz; Path=/app"), "JSESSIONID=b; Path=/app");
  assertEquals(one.responseCookie("other=xyz"), "other=xyz");
  assertEquals(one.ownCookie(200), "");
  assertEquals(one.changesRequest, false);
});

Deno.test("sticky prefix puts the peer's name before the upstream's value", () => {
  const one = session("prefix cookie=sid", "a=1; sid=srv1~x~y");
  assertEquals(one.sid, "srv1");
  assertEquals(one.requestCookie("a=1; sid=srv1~x~y"), "a=1; sid=x~y");
  // A client with the upstream's own cookie has no session yet.
  assertEquals(session("prefix cookie=sid", "sid=plain").sid, "");
  assertEquals(one.requestCookie("sid=plain"), "sid=plain");
  one.answeredBy({ sid: "srv2" } as Peer);
  assertEquals(one.responseCookie("sid=new; HttpOnly"), "sid=srv2~new; HttpOnly");
  // A cookie that is deleted stays empty.
  assertEquals(one.responseCookie("sid=; Max-Age=0"), "sid=; Max-Age=0");
});

Deno.test("fallback=off binds a request that names a peer", () => {
  for (const mode of ["insert", "rewrite", "prefix"]) {
    assertEquals(session(`${mode} fallback=off`, "").isBound, true);
    assertEquals(session(mode, "").isBound, false);
  }
});

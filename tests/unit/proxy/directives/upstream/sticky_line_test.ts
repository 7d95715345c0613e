import { assertEquals } from "@std/assert";
import {
  parseSessionSticky,
  parseSticky,
} from "../../../../../mod/proxy/directives/upstream/sticky_line.ts";

Deno.test("parseSticky() reads nginx's and Tengine's forms", () => {
  assertEquals(parseSticky("route $cookie_a $arg_b"), {
    kind: "route",
    variables: ["$cookie_a", "$arg_b"],
  });
  assertEquals(parseSticky("cookie id expires=1h domain=.x.org path=/ httponly secure"), {
    kind: "cookie",
    cookie: "id",
    expiresS: 3600,
    domain: ".x.org",
    path: "/",
    httpOnly: true,
    secure: true,
    sameSite: "",
  });
  const session = {
    kind: "session",
    mode: "insert",
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
  assertEquals(parseSticky("insert"), session as never);
  assertEquals(parseSessionSticky(""), session as never);
  assertEquals(
    parseSessionSticky("cookie=uid mode=prefix fallback=off hash=plain"),
    { ...session, mode: "prefix", cookie: "uid", fallback: false, hash: "plain" } as never,
  );
  assertEquals(
    parseSticky("insert option=indirect maxidle=30m maxlife=1d maxage=60"),
    { ...session, indirect: true, maxIdleS: 1800, maxLifeS: 86_400, maxAgeS: 60 } as never,
  );
});

const cookieForms = "expires=TIME, domain=NAME, path=PATH, httponly, secure, " +
  "samesite=strict|lax|none";
const sessionForms = "cookie=NAME, domain=NAME, path=PATH, maxage=SECONDS, maxidle=TIME, " +
  "maxlife=TIME, option=indirect|direct, fallback=on|off, hash=md5|plain";

const faults: readonly (readonly [string, string])[] = [
  ["", "found ``; allowed: cookie, route, insert, rewrite, prefix"],
  [
    "cooky id",
    "found `cooky` (did you mean cookie?); allowed: cookie, route, insert, rewrite, prefix",
  ],
  [
    "learn create=$a",
    "nginx knows `learn`, hayate does not; allowed: cookie, route, insert, rewrite, prefix",
  ],
  ["cookie", "cookie needs the cookie's name as its first word"],
  ["cookie a=b", "cookie needs the cookie's name as its first word"],
  ["cookie id expires=x", "found `expires=x`; allowed: a time such as 1h, or max"],
  ["cookie id samesite=no", "found `samesite=no`; allowed: strict, lax, none"],
  ["cookie id path=a;b", "found `path=a;b`; allowed: a text without blanks and ;"],
  ["cookie id domain=$host", "found `domain=$host`; allowed: a text without blanks and ;"],
  ["cookie id Secure", `found \`Secure\` (did you mean secure?); allowed: ${cookieForms}`],
  ["cookie id secure=1", `found \`secure=1\` (did you mean secure?); allowed: ${cookieForms}`],
  ["route", "route names no variable; allowed: $cookie_NAME, $arg_NAME, $http_NAME"],
  ["route $uri", "found `$uri`; allowed: $cookie_NAME, $arg_NAME, $http_NAME"],
  ["insert maxidle=x", "found `maxidle=x`; allowed: a time such as 30m"],
  ["insert option=x", "found `option=x`; allowed: indirect, direct"],
  ["insert hash=sha1", "found `hash=sha1`; allowed: md5, plain"],
  ["insert fallback=yes", "found `fallback=yes`; allowed: on, off"],
  ["insert cookie=", "found `cookie=`; allowed: a cookie's name"],
  ["insert maxIdle=1", `found \`maxIdle=1\` (did you mean maxidle?); allowed: ${sessionForms}`],
  ["rewrite option=indirect", "option=indirect goes with insert, not with rewrite"],
];

Deno.test("parseSticky() reports what was found and what is allowed", () => {
  for (const [text, message] of faults) assertEquals(parseSticky(text), message, text);
  assertEquals(
    parseSessionSticky("mode=append"),
    "found `mode=append`; allowed: insert, rewrite, prefix",
  );
});

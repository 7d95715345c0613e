import { assertEquals } from "@std/assert";
import { Redirects } from "../../../../../mod/serve/site/rules/redirects.ts";
import { ruleRequest } from "../../../../../mod/serve/site/rules/rule_request.ts";

/** `301 /place`, `page 200 /path`, or "" for no rule. */
function ask(text: string, target: string, host = "x", scheme: "http" | "https" = "http"): string {
  const faults: string[] = [];
  const found = Redirects.parse(text, faults).find(ruleRequest(target, host, scheme)!, false);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  if (found === null) return "";
  return found.kind === "page"
    ? `page ${found.status} ${found.path}`
    : `${found.status} ${found.location}`;
}

const cases: [line: string, target: string, expected: string][] = [
  ["/home /", "/home", "301 /"],
  ["/home / 302", "/home/", "302 /"],
  ["  /a\t\t/b   308  ", "/a", "308 /b"],
  ["/a /b # why", "/a", "301 /b"],
  ["/a /b#part", "/a", "301 /b#part"],
  ["/a /b", "/a?x=1&y=", "301 /b?x=1&y="],
  ["/a /b?z=2#part", "/a?x=1", "301 /b?z=2#part"],
  ["/a https://x.example/b", "/a", "301 https://x.example/b"],
  ["/blog/:y/:m /posts/:m-:y", "/blog/2024/05", "301 /posts/05-2024"],
  ["/news/* /blog/:splat", "/news/a/b%20c/", "301 /blog/a/b%20c/"],
  ["/* /:splat/x", "/%e9".replace("%e9", "%C3%A9"), "301 /%C3%A9/x"],
  ["/a/* https://x.example/:splat 301", "/a//evil.example", "301 https://x.example/evil.example"],
  // No request can name another host or add a field.
  ["/a/* /:splat", "/a//evil.example/", "301 /evil.example/"],
  ["/a/* //:splat", "/a/evil.example", "301 /evil.example"],
  ["/a/* /:splat", "/a/%0d%0aX:%201", "301 /%0D%0AX:%201"],
  ["/a/* /b?to=:splat", "/a/1&c=2/3", "301 /b?to=1%26c%3D2%2F3"],
  ["/* /index.html 200", "/deep/link?q", "page 200 /index.html"],
  ["/en/* /en/404.html 404", "/en/x", "page 404 /en/404.html"],
  ["/old/:x /new/:x.html 200", "/old/1", "page 200 /new/1.html"],
  ["/gone /gone.html 410", "/gone", "page 410 /gone.html"],
  ["/ page=news /news", "/?page=news", "301 /news"],
  ["/ page=news /news", "/?page=old", ""],
  ["/blog post=:post_id /blog/:post_id", "/blog?post=7%2F8&x=1", "301 /blog/7/8"],
  ["/blog post=:post_id /blog/:post_id", "/blog", ""],
  // A redirect to itself never ends.
  ["/a/ /a", "/a/", ""],
  ["/a/* /a/:splat", "/a/b", ""],
  ["/a /a?b=1", "/a", ""],
  ["/:x /:y", "/1", "301 /:y"],
  ["/caf%C3%A9 /x", "/caf%C3%A9", "301 /x"],
  ["/x /café", "/x", "301 /caf%C3%A9"],
];

for (const [line, target, expected] of cases) {
  Deno.test(`_redirects: ${line} for ${target}`, () => assertEquals(ask(line, target), expected));
}

Deno.test("_redirects: the first rule counts, looked up or tried", () => {
  const text = "/a/* /first\n/a/b /second\n/c /third\n/c /fourth\n/* /last";
  assertEquals(ask(text, "/a/b"), "301 /first");
  assertEquals(ask(text, "/c"), "301 /third");
  assertEquals(ask(text, "/d"), "301 /last");
  assertEquals(ask("/a/b /second\n/a/* /first", "/a/b"), "301 /second");
  // A rule that would be a redirect to itself leaves the path to the next one.
  assertEquals(ask("/a /a\n/* /rest", "/a"), "301 /rest");
});

Deno.test("_redirects: rules of a host or a scheme", () => {
  const text = "http://a.example/* https://a.example/:splat 301!\n" +
    "https://:who.b.example/* https://b.example/:who/:splat";
  assertEquals(ask(text, "/x", "a.example"), "301 https://a.example/x");
  assertEquals(ask(text, "/x", "a.example", "https"), "");
  assertEquals(ask(text, "/x", "b.example", "https"), "");
  assertEquals(ask(text, "/x", "me.b.example", "https"), "301 https://b.example/me/x");
});

Deno.test("_redirects: only rules with ! apply where there is a file", () => {
  const rules = Redirects.parse("/a /b\n/c /d 302!", []);
  const find = (target: string) => rules.find(ruleRequest(target, "x", "http")!, true);
  assertEquals(find("/a"), null);
  assertEquals(find("/c"), { kind: "redirect", status: 302, location: "/d" });
});

Deno.test("_redirects: a bad line is named and ignored, the others count", () => {
  const lines: [line: string, fault: string][] = [
    ["/a", '/a: has no destination that begins with "/", "http://" or "https://"'],
    ["/a 301", '/a: has no destination that begins with "/", "http://" or "https://"'],
    ["a /b", 'a: must begin with "/", "http://" or "https://"'],
    [
      "/a /b 299",
      "/a: found the status 299, expected one of " +
      "200, 301, 302, 303, 307, 308, 404, 410, 451, with ! or without",
    ],
    ["/a /b 302 Country=us", "/a: the condition Country=us is not supported"],
    ["/a/*/* /b", "/a/*/*: only one * is allowed"],
    [
      "/api/* https://api.example/:splat 200",
      "/api/*: 200 needs a path of this site; a reverse proxy serves another host's",
    ],
    ["/a#b /c", "/a#b: must have no query and no fragment"],
    [`/${"x".repeat(2000)} /b`, "longer than 2000 characters"],
  ];
  const faults: string[] = [];
  const rules = Redirects.parse(
    `# all\n${lines.map(([line]) => line).join("\r\n")}\n/z /y`,
    faults,
  );
  assertEquals(faults, lines.map(([, fault], i) => `${i + 2}: ${fault}`));
  assertEquals(rules.count, 1);
});

Deno.test("_redirects: rules above the limits are ignored, which is said once", () => {
  const faults: string[] = [];
  const rules = Redirects.parse("/:x /y\n".repeat(1005) + "/a /b\n".repeat(3), faults);
  assertEquals(rules.count, 1003);
  assertEquals(faults.length, 1);
});

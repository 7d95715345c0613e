import { assertEquals } from "@std/assert";
import { Wrong } from "../../../../mod/cli/mod.ts";
import { readCache, readOrigin, readSite } from "../../../../mod/serve/plan/site_options.ts";
import { cacheControlOf } from "../../../../mod/serve/site/cache_rules.ts";
import { hostOf, HostTable } from "../../../../mod/serve/site/host_table.ts";

Deno.test("--cache reads a pattern and a policy", () => {
  const value = (text: string) => {
    const rule = readCache(text);
    return rule instanceof Wrong ? "wrong" : `${rule.pattern}|${rule.value}`;
  };
  assertEquals(value("assets/** immutable"), "assets/**|public, max-age=31536000, immutable");
  assertEquals(value("*.html no-cache"), "*.html|no-cache");
  assertEquals(value("** 30d"), "**|public, max-age=2592000");
  assertEquals(value("a b private, max-age=5"), "wrong");
  assertEquals(value("a private, max-age=5"), "a|private, max-age=5");
  for (const text of ["", "assets/**", "a forever", "a 5", "a max-age=x", "a x\r\ny: z"]) {
    assertEquals(value(text), "wrong", text);
  }
});

Deno.test("--cache patterns are for paths below the root, or for names", () => {
  const rules = [["assets/*", "1"], ["/top.js", "2"], ["*.html", "3"], ["d/**", "4"], ["**", "5"]];
  const find = cacheControlOf(rules.map(([pattern, value]) => ({ pattern, value })));
  const expected = { "assets/a.js": "1", "assets/b/a.js": "5", "top.js": "2", "x/top.js": "5" };
  for (const [path, value] of Object.entries(expected)) assertEquals(find(path), value, path);
  for (const path of ["a.html", "assets/x/a.html"]) assertEquals(find(path), "3", path);
  assertEquals(find("d/e/f.js"), "4");
  assertEquals(cacheControlOf([])("a"), null);
});

Deno.test("--site and --cors read hosts and origins", () => {
  assertEquals(readSite("WWW.example.com.=a=b"), { host: "www.example.com", path: "a=b" });
  assertEquals(readSite("*.example.com=x"), { host: "*.example.com", path: "x" });
  for (const text of ["", "a", "a=", "=x", "a b=x", "*=x", "a.*.b=x"]) {
    assertEquals(readSite(text) instanceof Wrong, true, text);
  }
  assertEquals(readOrigin("https://A.example:443"), "https://a.example");
  assertEquals(readOrigin("*"), "*");
  for (const text of ["a.example", "https://a.example/x", "null", "file:///x", ""]) {
    assertEquals(readOrigin(text) instanceof Wrong, true, text);
  }
});

Deno.test("a host is found by its name, then by the nearest domain above it", () => {
  const table = new HostTable([
    { host: "a.example", site: 1 },
    { host: "*.a.example", site: 2 },
    { host: "*.b.a.example", site: 3 },
    { host: "*.example", site: 4 },
  ], null);
  const expected = { "A.EXAMPLE.:80": 1, "x.a.example": 2, "x.b.a.example": 3, "b.a.example": 2 };
  for (const [host, site] of Object.entries(expected)) assertEquals(table.find(host), site, host);
  assertEquals(table.find("c.example"), 4);
  for (const host of ["example", "", "[::1]:80", ".example"]) assertEquals(table.find(host), null);
  assertEquals(hostOf("[::1]:8080"), "[::1]");
});

import { assertEquals } from "@std/assert";
import {
  changeCookies,
  cookieValue,
  setCookieValue,
  withCookieValue,
} from "../../../../../mod/proxy/engine/forward/cookies.ts";

Deno.test("cookieValue() finds a cookie by its whole name", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["a=1", "1"],
    ["b=2; a=1", "1"],
    ["b=2;a=1;c=3", "1"],
    ["xa=9; a=1", "1"],
    ["xa=9", ""],
    ["a", ""],
    ["A=1", ""],
    ["a=x=y", "x=y"],
    ["b=a=1", ""],
    ["", ""],
  ];
  for (const [field, value] of rows) assertEquals(cookieValue(field, "a"), value, field);
});

Deno.test("changeCookies() leaves the other cookies unchanged", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["a=1", ""],
    ["a=1; b=2", "b=2"],
    ["b=2; a=1", "b=2"],
    ["b=2; a=1; c=3; a=4", "b=2; c=3"],
    ["xa=1;  b=2", "xa=1; b=2"],
    [";; ;", ""],
  ];
  for (const [field, kept] of rows) assertEquals(changeCookies(field, "a", () => null), kept);
  assertEquals(changeCookies("a=1; b=2", "a", (value) => `${value}!`), "a=1!; b=2");
});

Deno.test("setCookieValue() and withCookieValue() use only the first pair", () => {
  assertEquals(setCookieValue("a=1; Path=/", "a"), "1");
  assertEquals(setCookieValue(" a = 1 ;Path=/", "a"), "1");
  assertEquals(setCookieValue("a=", "a"), "");
  assertEquals(setCookieValue("b=1; a=2", "a"), null);
  assertEquals(setCookieValue("a", "a"), null);
  assertEquals(setCookieValue("a; b=1", "a"), null);
  assertEquals(setCookieValue("a=x=y ; b", "a"), "x=y");
  assertEquals(withCookieValue("a=1; Path=/; Secure", "a", "2"), "a=2; Path=/; Secure");
  assertEquals(withCookieValue("a=1", "a", "2"), "a=2");
});

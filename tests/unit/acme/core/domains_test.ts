import { assertEquals } from "@std/assert";
import { chosenSettings, readDomains } from "../../../../mod/acme/core/domains.ts";
import { acmeDefaults } from "../../../../mod/acme/core/settings.ts";

Deno.test("names are separated by blanks or commas, and each counts once", () => {
  const rows: readonly (readonly [text: string, names: readonly string[]])[] = [
    ["", []],
    [" ,", []],
    ["a.example", ["a.example"]],
    ["a.example b.example", ["a.example", "b.example"]],
    ["a.example,b.example", ["a.example", "b.example"]],
    ["A.Example,\n a.example", ["a.example"]],
  ];
  for (const [text, names] of rows) assertEquals(readDomains(text), { names, fault: null }, text);
});

Deno.test("the first name that is none is named with its reason", () => {
  assertEquals(readDomains("a.example 127.0.0.1 localhost"), {
    names: [],
    fault: "found `127.0.0.1`: it is an address; allowed: host names such as www.example.com",
  });
});

Deno.test("what is not chosen has its default, and a directory is a URL of a web server", () => {
  const none = { email: null, directory: undefined, caFile: "", state: null };
  assertEquals(chosenSettings(none), acmeDefaults);
  const chosen = { email: "a@b.example", directory: "https://ca/", caFile: "/ca", state: "memory" };
  assertEquals(chosenSettings(chosen), { ...acmeDefaults, ...chosen });
  for (const directory of ["ca.example/dir", "ftp://ca.example/", "https://"]) {
    assertEquals(chosenSettings({ ...none, directory }), null, directory);
  }
});

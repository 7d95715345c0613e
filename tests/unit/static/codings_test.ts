import { assertEquals } from "@std/assert";
import { acceptableCodings } from "../../../mod/static/codings.ts";

function chosen(value: string | null): string {
  const acceptable = acceptableCodings(value);
  return acceptable.codings.map((coding) => coding.name).join(" ") +
    (acceptable.identity ? "" : " no-identity");
}

Deno.test("acceptableCodings() follows weights, then our own order", () => {
  assertEquals(chosen(null), "");
  assertEquals(chosen(""), "");
  assertEquals(chosen("gzip, deflate, br, zstd"), "br zstd gzip");
  assertEquals(chosen("gzip;q=1.0, br;q=0.5"), "gzip br");
  assertEquals(chosen("GZIP"), "gzip");
  assertEquals(chosen("x-gzip"), "gzip");
  assertEquals(chosen("br;q=0"), "");
  assertEquals(chosen("*"), "br zstd gzip");
  assertEquals(chosen("*;q=0, gzip"), "gzip no-identity");
  assertEquals(chosen("identity;q=0, gzip"), "gzip no-identity");
  assertEquals(chosen("gzip;q=2"), "");
  assertEquals(chosen("gzip ; q=0.3"), "gzip");
});

Deno.test("acceptableCodings() leaves out what the client likes less than the plain form", () => {
  const names = (value: string) => acceptableCodings(value).codings.map(({ name }) => name);
  assertEquals(names("identity, gzip;q=0.5, br"), ["br"]);
  assertEquals(names("gzip;q=0.1, *"), ["br", "zstd", "gzip"]);
  assertEquals(names("identity;q=0.2, *;q=0.1"), []);
});

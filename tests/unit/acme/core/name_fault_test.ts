import { assertEquals } from "@std/assert";
import { nameFault } from "../../../../mod/acme/core/name_fault.ts";

/** The first word that tells one reason from the others; null: a certificate can be ordered. */
const rows: readonly (readonly [name: string, reason: string | null])[] = [
  ["a.example", null],
  ["xn--bcher-kva.example", null],
  ["4.a-b.example", null],
  [`${"a".repeat(63)}.example`, null],
  ["default", "no name"],
  ["*", "no name"],
  ["*.a.example", "wildcard"],
  ["127.0.0.1", "address"],
  ["::1", "address"],
  ["[::1]", "address"],
  ["localhost", "public"],
  ["bücher.example", "ASCII"],
  ["a_b.example", "host name"],
  ["a.example.", "host name"],
  ["-a.example", "host name"],
  ["a..example", "host name"],
  [`${"a".repeat(64)}.example`, "host name"],
  ["a.1", "host name"],
];

for (const [name, reason] of rows) {
  Deno.test(`a certificate for ${name.slice(0, 20)}: ${reason ?? "yes"}`, () => {
    const fault = nameFault(name);
    assertEquals(reason === null ? fault : fault?.includes(reason), reason === null ? null : true);
  });
}

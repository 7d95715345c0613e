import { assertEquals } from "@std/assert";
import { supportEndOf } from "../../../mod/doctor/openssl_support.ts";

Deno.test("support ends by the minor version; that of later ones is not known", () => {
  assertEquals(supportEndOf("3.0.22"), "2026-09-07");
  assertEquals(supportEndOf("3.5.0-dev"), "2030-04-08");
  assertEquals(supportEndOf("3.50.1"), null);
  assertEquals(supportEndOf(""), null);
});

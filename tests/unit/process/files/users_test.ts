import { assertEquals } from "@std/assert";
import { numberIn, userNameOf } from "../../../../mod/process/files/users.ts";

Deno.test("userNameOf() finds the name of a uid, and none for one that nobody has", () => {
  assertEquals(userNameOf(0), "root");
  assertEquals(numberIn("/etc/passwd", "root"), 0);
  assertEquals(userNameOf(3_999_999_999), null);
});

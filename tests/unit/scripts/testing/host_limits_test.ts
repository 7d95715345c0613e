import { assertEquals } from "@std/assert";
import { openFilesMax } from "../../../../scripts/testing/host_limits.ts";

Deno.test("openFilesMax() reads the soft limit", () => {
  const line = "Max open files            1024                 20000                files     \n";
  assertEquals(openFilesMax(`Limit   Soft Limit\n${line}`), 1024);
});

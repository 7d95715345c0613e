import { assertEquals } from "@std/assert";
import { version } from "../../../mod/base/version.ts";

Deno.test("version is the same in mod/base/version.ts and deno.json", async () => {
  const text = await Deno.readTextFile(new URL("../../../deno.json", import.meta.url));
  assertEquals(/"version":\s*"([^"]+)"/.exec(text)?.[1], version);
});

import { assertEquals, assertRejects } from "@std/assert";
import { freePort, tempFolder } from "../../support/ports.ts";

Deno.test("freePort() never gives the same port twice", () => {
  const ports = Array.from({ length: 50 }, () => freePort());
  assertEquals(new Set(ports).size, 50);
});

Deno.test("tempFolder() writes files with a mode and removes itself", async () => {
  let path;
  {
    await using folder = await tempFolder();
    path = await folder.write("deep/run.sh", "#!/bin/sh\n", 0o755);
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o755);
  }
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
});

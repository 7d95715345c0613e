import { assertEquals, assertRejects } from "@std/assert";
import { hostCpu } from "../../scripts/denort.ts";
import { tryProgram } from "../../scripts/releasing/try_program.ts";
import { binaryPath } from "../support/binary.ts";
import { tempFolder } from "../support/ports.ts";

Deno.test("tryProgram() runs the binary of this CPU on both reactors", async () => {
  assertEquals(
    await tryProgram(binaryPath, hostCpu()),
    "ran here: --version, serve and load on both reactors",
  );
});

Deno.test("tryProgram() throws for a binary that does not work", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("hayate", "#!/bin/sh\necho 'no such thing' >&2\nexit 1\n");
  await Deno.chmod(path, 0o755);
  await assertRejects(() => tryProgram(path, hostCpu()), Error, "--version: no such thing");
  await Deno.writeTextFile(path, "#!/bin/sh\necho hayate 0.0.1\n");
  await assertRejects(() => tryProgram(path, hostCpu()), Error, "--version says hayate 0.0.1");
});

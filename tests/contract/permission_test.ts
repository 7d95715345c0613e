/** Contract: there is a reactor without FFI permission. */
import { assertEquals, assertMatch } from "@std/assert";
import { root, runProgram } from "../support/binary.ts";
import { tempFolder } from "../support/ports.ts";

Deno.test("createReactor() works without FFI permission, on the portable backend", async () => {
  await using folder = await tempFolder();
  const { code, stdout, stderr } = await runProgram(Deno.execPath(), [
    "run",
    "--no-prompt",
    "--no-check",
    "--unstable-net",
    "--config",
    `${root}/deno.json`,
    "--allow-net",
    "--allow-read",
    "--allow-write",
    `${root}/tests/contract/no_ffi_program.ts`,
    `${folder.path}/a.sock`,
  ]);
  assertEquals([code, stdout, stderr], [0, "done on portable\n", ""]);
});

Deno.test("createReactor() reports what HAYATE_REACTOR=epoll needs", async () => {
  const program = 'import { createReactor } from "./mod/net/mod.ts"; await createReactor("epoll");';
  await using folder = await tempFolder();
  const file = await folder.write("a.ts", program.replace("./mod", `${root}/mod`));
  const args = [
    "run",
    "--no-prompt",
    "--no-check",
    "--config",
    `${root}/deno.json`,
    "--allow-read",
  ];
  const { code, stderr } = await runProgram(Deno.execPath(), [...args, file]);
  assertEquals(code, 1);
  assertMatch(stderr, /ffi/i);
});

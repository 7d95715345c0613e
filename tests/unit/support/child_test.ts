import { assert, assertEquals, assertRejects } from "@std/assert";
import { Child, childPids, runProgram } from "../../support/binary.ts";

Deno.test("Child captures output, the exit code and what the environment says", async () => {
  const result = await runProgram("sh", ["-c", 'echo "$WORD"; echo oops >&2; exit 3'], {
    env: { WORD: "hello" },
  });
  assertEquals(result, { code: 3, signal: null, stdout: "hello\n", stderr: "oops\n" });
});

Deno.test("Child.waitForLine() names what it waited for when the child ends first", async () => {
  await using child = new Child("sh", ["-c", "echo one"]);
  assertEquals(await child.waitForLine(/o.e/), "one");
  const error = await assertRejects(() => child.waitForLine("two"), Error);
  assert(error.message.includes("ended while the test waited for the line two"), error.message);
});

Deno.test("Child.stop() fails the test when TERM is ignored, and leaves no process", async () => {
  const script = "trap '' TERM; sleep 60 & echo up; while :; do sleep 0.05; done";
  const child = new Child("sh", ["-c", script], { stopTimeoutMs: 100 });
  await child.waitForLine("up");
  const pids = childPids(child.pid);
  assert(pids.length >= 1);
  const error = await assertRejects(() => child.stop(), Error);
  assert(error.message.includes("100 ms after SIGTERM and was killed"), error.message);
  assertEquals(childPids(child.pid), []);
});

/** A limit of the system that is too low is reported in one line, never by a panic. */
import { assertEquals } from "@std/assert";
import { binaryPath, Child, runHayate, runProgram } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";

/** Runs the program with this limit of open files. */
function withFiles(count: number, args: readonly string[]) {
  return runProgram("sh", ["-c", `ulimit -n ${count}; exec "$0" "$@"`, binaryPath, ...args]);
}

Deno.test("too few open files is an error in one line in every mode", async () => {
  const commands: readonly (readonly [number, readonly string[], number])[] = [
    [20, ["load", "-d1s", "http://127.0.0.1:1/"], 32],
    [40, ["load", "-t4", "-d1s", "http://127.0.0.1:1/"], 68],
    [20, ["serve", "--text", "x", "--port", "0"], 32],
    [20, ["serve", "--text", "x", "--workers", "2", "--port", "0"], 32],
    [20, ["proxy"], 32],
    [15, ["serve", "--text", "x", "--workers", "2", "--port", "0"], 32],
    [15, ["proxy"], 32],
    [20, ["supervise", "--", "sleep", "1"], 32],
    [31, ["supervise", "--", "sleep", "1"], 32],
    [20, ["doctor"], 32],
  ];
  for (const [count, args, needed] of commands) {
    const { code, stdout, stderr } = await withFiles(count, args);
    assertEquals([code, stdout], [1, ""]);
    assertEquals(
      stderr,
      `hayate ${args[0]}: the limit of open files is ${count} (ulimit -n), ` +
        `at least ${needed} are needed\n`,
    );
  }
});

Deno.test("supervise passes on a descriptor with a number above the limit of open files", async () => {
  const args = [
    "supervise",
    "--interval=0",
    "--",
    "sh",
    "-c",
    "readlink /proc/self/fd/70; exec sleep 9",
  ];
  // bash, because dash supports only one-digit descriptors.
  const child = new Child("bash", [
    "-c",
    `exec 70</dev/null; ulimit -n 60; exec "$0" "$@"`,
    binaryPath,
    ...args,
  ]);
  try {
    await child.waitForLine("/dev/null");
  } finally {
    await child.stop();
  }
});

Deno.test("load runs with the number of open files that it requires", async () => {
  const { stdout } = await withFiles(68, ["load", "-t4", "-c4", "-d1s", "http://127.0.0.1:1/"]);
  assertEquals(/refused \d+ \(ECONNREFUSED\)/.test(stdout), true, stdout);
});

Deno.test("an unknown reactor is the same error from a load thread with a script", async () => {
  await using folder = await tempFolder();
  const script = await folder.write("s.js", "export function response() {}\n");
  for (const flags of [[], ["-t2"], ["-t2", "-s", script]]) {
    const { code, stderr } = await runHayate(["load", ...flags, "-d1s", "http://127.0.0.1:1/"], {
      env: { HAYATE_REACTOR: "foo" },
    });
    assertEquals(code, 2);
    assertEquals(
      stderr,
      "hayate load: HAYATE_REACTOR=foo: unknown reactor, allowed are epoll and portable\n",
    );
  }
});

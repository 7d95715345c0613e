import { assertEquals } from "@std/assert";
import { type ChildResult, root, runProgram } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";

/** Runs .ci/run over stand-ins for its scripts, as a plain user and without apt-get. */
async function runCi(
  test: string,
  image: string,
  { apt = "exit 0", docker = "echo no engine >&2; exit 69" } = {},
): Promise<ChildResult> {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/.ci`);
  await Deno.copyFile(`${root}/.ci/run`, `${folder.path}/.ci/run`);
  await folder.write("scripts/test", `#!/bin/bash\n${test}\n`, 0o755);
  await folder.write("scripts/image", `#!/bin/bash\n${image}\n`, 0o755);
  await folder.write("scripts/with_docker", `#!/bin/bash\n${docker}\n`, 0o755);
  await folder.write("bin/id", "#!/bin/bash\necho 1000\n", 0o755);
  await folder.write("bin/sudo", `#!/bin/bash\ncase "$*" in *apt-get*) ${apt} ;; esac\n`, 0o755);
  return await runProgram("bash", [`${folder.path}/.ci/run`], {
    env: { PATH: `${folder.path}/bin:${Deno.env.get("PATH")}` },
  });
}

function lastLine({ stdout }: ChildResult): string {
  return stdout.trimEnd().split("\n").at(-1)!;
}

Deno.test(".ci/run adds the counts up in one last line, the only one of its kind", async () => {
  const result = await runCi("echo 10 passed, 0 failed", "echo 2 passed, 0 failed, 3 skipped");
  assertEquals(lastLine(result), "12 passed, 0 failed, 4 skipped");
  assertEquals(result.stdout.match(/^\d+ passed.*$/gm)?.length, 1);
  assertEquals(result.stdout.match(/^scripts\/test: 10 passed, 0 failed$/m)?.length, 1);
  assertEquals(result.code, 0);
});

Deno.test(".ci/run fails when a test failed, and still runs the rest", async () => {
  const result = await runCi("echo 9 passed, 1 failed; exit 1", "echo 2 passed, 0 failed");
  assertEquals([lastLine(result), result.code], ["11 passed, 1 failed, 1 skipped", 1]);
});

Deno.test(".ci/run counts a part that ends without its counts as a failure", async () => {
  const result = await runCi("echo 10 passed, 0 failed", "echo no such engine; exit 1");
  assertEquals([lastLine(result), result.code], ["10 passed, 1 failed, 1 skipped", 1]);
});

Deno.test(".ci/run fails when no test ran", async () => {
  const result = await runCi("echo 0 passed, 0 failed", "echo 0 passed, 0 failed");
  assertEquals([lastLine(result), result.code], ["0 passed, 0 failed, 1 skipped", 1]);
});

Deno.test(".ci/run fails when the packages cannot be installed", async () => {
  const result = await runCi("echo 1 passed, 0 failed", "echo 1 passed, 0 failed", {
    apt: "exit 100",
  });
  assertEquals([lastLine(result), result.code], ["2 passed, 1 failed, 1 skipped", 1]);
});

Deno.test(".ci/run counts the image's tests with Docker, or says why there are none", async () => {
  const passing = "echo 1 passed, 0 failed";
  const tested = await runCi(passing, passing, { docker: "echo 5 passed, 0 failed" });
  assertEquals([lastLine(tested), tested.code], ["7 passed, 0 failed", 0]);
  const skipped = await runCi(passing, passing);
  assertEquals([lastLine(skipped), skipped.code], ["2 passed, 0 failed, 1 skipped", 0]);
  assertEquals(skipped.stdout.match(/^no engine$/m)?.length, 1);
});

import { assertEquals, assertMatch } from "@std/assert";
import { type ChildResult, root, runProgram } from "../../support/binary.ts";
import { findPeer } from "../../support/peers.ts";
import { type TempFolder, tempFolder } from "../../support/ports.ts";

/** What bootstrap.sh and its like use; neither npm nor curl, which it takes where there is no npm. */
const tools = [
  "bash",
  "env",
  "uname",
  "dirname",
  "basename",
  "mkdir",
  "rm",
  "sed",
  "tar",
  "mv",
  "cat",
];

/** Runs a script of ours with a home of its own, `folder`/bin as its whole PATH. */
async function runScript(
  name: string,
  folder: TempFolder,
  env: Record<string, string> = {},
): Promise<ChildResult> {
  return await runProgram(`${root}/scripts/${name}`, [], {
    env: { PATH: `${folder.path}/bin`, HOME: `${folder.path}/home`, ...env },
    clearEnv: true,
  });
}

async function folderWithTools(): Promise<TempFolder> {
  const folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/bin`);
  for (const tool of tools) await Deno.symlink(findPeer(tool)!, `${folder.path}/bin/${tool}`);
  return folder;
}

for (const script of ["up", "build", "test", "image"]) {
  // up is build and then the program: the build speaks for both.
  const speaker = script === "up" ? "build" : script;

  Deno.test(`scripts/${script} says in one line that npm is missing`, async () => {
    await using folder = await folderWithTools();
    const { code, stderr } = await runScript(script, folder);
    assertEquals(code, 1);
    assertEquals(
      stderr.replace(/^fetching .*\n/, "").replace(/fetches .*\n$/, "fetches ..."),
      `${speaker}: npm is missing (and curl): install Node.js with npm, it fetches ...`,
    );
  });

  Deno.test(`scripts/${script} says in one line that the CPU is another`, async () => {
    await using folder = await folderWithTools();
    await Deno.remove(`${folder.path}/bin/uname`);
    const uname = '#!/bin/bash\ncase "$1" in -s) echo Linux ;; -m) echo riscv64 ;; esac\n';
    await folder.write("bin/uname", uname, 0o755);
    const { code, stderr } = await runScript(script, folder);
    assertEquals(code, 1);
    assertEquals(
      stderr,
      `${speaker}: hayate is built on Linux x86_64 or aarch64; this is Linux riscv64\n`,
    );
  });
}

Deno.test("scripts/build says in one line that the registry cannot be reached, and cleans up", async () => {
  await using folder = await folderWithTools();
  const npm = "#!/bin/bash\necho npm error code ECONNREFUSED >&2\nexit 1\n";
  await folder.write("bin/npm", npm, 0o755);
  const { code, stderr } = await runScript("build", folder);
  assertEquals(code, 1);
  assertEquals(
    stderr.replace(/^fetching .*\n/, "").replace(/fetch Deno \S+/, "fetch ..."),
    "build: npm could not fetch ... (ECONNREFUSED): is its registry reachable?\n",
  );
  const left = Array.from(Deno.readDirSync(`${folder.path}/home/.cache/hayate`));
  assertEquals(left.map((entry) => entry.name), []);
});

Deno.test("without npm, scripts/build fetches from the registry that NPM_CONFIG_REGISTRY names", async () => {
  await using folder = await folderWithTools();
  for (const tool of ["grep", "sha256sum", "cut"]) {
    await Deno.symlink(findPeer(tool)!, `${folder.path}/bin/${tool}`);
  }
  const curl = '#!/bin/bash\nfor arg; do :; done\necho "curl: (60) $arg" >&2\nexit 60\n';
  await folder.write("bin/curl", curl, 0o755);
  const { code, stderr } = await runScript("build", folder, {
    NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/npm/",
  });
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^build: cannot fetch (http:\/\/127\.0\.0\.1:9\/npm\/@deno\/linux-\S+\.tgz): curl: \(60\) \1\n$/m,
  );
});

Deno.test("a Deno with other bytes than the pinned ones is refused", async () => {
  await using folder = await folderWithTools();
  for (const tool of ["grep", "sha256sum", "cut", "gzip", "chmod"]) {
    await Deno.symlink(findPeer(tool)!, `${folder.path}/bin/${tool}`);
  }
  const npm =
    '#!/bin/bash\nmkdir package && echo "echo deno" >package/deno && tar czf deno.tgz package\n';
  await folder.write("bin/npm", npm, 0o755);
  const uname = '#!/bin/bash\ncase "$1" in -s) echo Linux ;; -m) echo x86_64 ;; esac\n';
  await Deno.remove(`${folder.path}/bin/uname`);
  await folder.write("bin/uname", uname, 0o755);
  const { code, stderr } = await runScript("build", folder);
  assertEquals(code, 1);
  assertMatch(stderr, /build: Deno \S+ has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}\n$/);
});

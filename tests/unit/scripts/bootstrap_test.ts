import { assertEquals } from "@std/assert";
import { type ChildResult, root, runProgram } from "../../support/binary.ts";
import { findPeer } from "../../support/peers.ts";
import { type TempFolder, tempFolder } from "../../support/ports.ts";

/** What bootstrap.sh and its like use, npm not among them. */
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
async function runScript(name: string, folder: TempFolder): Promise<ChildResult> {
  return await runProgram(`${root}/scripts/${name}`, [], {
    env: { PATH: `${folder.path}/bin`, HOME: `${folder.path}/home` },
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
      `${speaker}: npm is missing: install Node.js with npm, it fetches ...`,
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
    stderr.replace(/^fetching .*\n/, "").replace(/fetch \S+/, "fetch ..."),
    "build: npm could not fetch ... (ECONNREFUSED): is its registry reachable?\n",
  );
  const left = Array.from(Deno.readDirSync(`${folder.path}/home/.cache/hayate`));
  assertEquals(left.map((entry) => entry.name), []);
});

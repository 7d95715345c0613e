/** A deploy by a link: each start resolves the path again (Server::Starter's --dir). */
import { assertEquals, assertMatch } from "@std/assert";
import { childPids, startHayate } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";

/** `current` leads to `releases/1`, which is deleted after `releases/2` has taken its place. */
async function releases(folder: TempFolder): Promise<{ current: string; deploy(): Promise<void> }> {
  const { path } = folder;
  for (const release of ["1", "2"]) {
    await folder.write(`releases/${release}/name.txt`, `release ${release}`);
    await folder.write(
      `releases/${release}/app.js`,
      `export default { fetch: () => new Response(${JSON.stringify(`release ${release}`)}) };\n`,
    );
  }
  const current = `${path}/current`;
  await Deno.symlink("releases/1", current);
  return {
    current,
    async deploy() {
      await Deno.symlink("releases/2", `${path}/next`);
      await Deno.rename(`${path}/next`, current);
      await Deno.remove(`${path}/releases/1`, { recursive: true });
    },
  };
}

async function bodyOf(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/name.txt`, {
    headers: { connection: "close" },
  }).catch(() => null);
  return await response?.text().catch(() => "") ?? "";
}

type Args = (port: number, folder: TempFolder) => Promise<readonly string[]>;

const here: Args = (port) =>
  Promise.resolve([
    ...["supervise", `--port=127.0.0.1:${port}`, "--interval=0", "serve", "--workers", "1"],
    "app.js",
  ]);

const modes: Record<string, Args> = {
  "supervise serve": here,
  "serve with two workers": (port) =>
    Promise.resolve([
      ...["serve", "--host", "127.0.0.1", "--port", String(port), "--workers", "2"],
      "app.js",
    ]),
  "supervise proxy with two workers": async (port, folder) => [
    ...["supervise", `--port=127.0.0.1:${port}`, "--interval=0", "proxy", "-c"],
    await folder.write(
      "h2o.conf",
      `listen: {port: ${port}, host: 127.0.0.1}
num-threads: 2
hosts: {default: {paths: {/: {file.dir: .}}}}
`,
    ),
  ],
};

for (const [mode, argsOf] of Object.entries(modes)) {
  Deno.test(`${mode}: HUP after switching a symbolic link serves the next release`, async () => {
    await using folder = await tempFolder();
    const { current, deploy } = await releases(folder);
    const port = freePort();
    await using child = startHayate(await argsOf(port, folder), {
      cwd: current,
      // A shell that has changed to the link exports it in PWD.
      env: { PWD: current, RUST_BACKTRACE: "1" },
      waitTimeoutMs: 20_000,
    });
    await child.waitUntil(
      "release 1",
      async () => await bodyOf(port) === "release 1" ? true : null,
    );
    await deploy();
    child.kill("SIGHUP");
    await child.waitUntil(
      "release 2",
      async () => await bodyOf(port) === "release 2" ? true : null,
    );
    assertEquals(/backtrace|panicked/i.test(child.stderr), false, child.stderr);
  });
}

Deno.test("supervise: a relative --dir also follows the symbolic link", async () => {
  await using folder = await tempFolder();
  const { current, deploy } = await releases(folder);
  const status = `${folder.path}/status`;
  await using child = startHayate(
    ["supervise", "--interval=0", "--dir=.", `--status-file=${status}`, "--", "sleep", "1000"],
    { cwd: current, env: { PWD: current } },
  );
  await child.waitForLine(/starting new worker/);
  await deploy();
  child.kill("SIGHUP");
  await child.waitForLine(/old worker \d+ died/);
  const [worker] = childPids(child.pid);
  assertEquals(await Deno.readLink(`/proc/${worker}/cwd`), `${folder.path}/releases/2`);
});

Deno.test("supervise: a missing folder is an error in one line, and the old generation stays", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const app = await folder.write(
    "gone/app.js",
    `export default { fetch: () => new Response("1") };`,
  );
  const cwd = `${folder.path}/gone`;
  await using child = startHayate(await here(port, folder), { cwd, env: { PWD: cwd } });
  await child.waitUntil("the app", async () => await bodyOf(port) === "1" ? true : null);
  await Deno.remove(app);
  await Deno.remove(cwd);
  child.kill("SIGHUP");
  const line = await child.waitForLine(/cannot change to the folder .*gone/);
  assertMatch(line, new RegExp(`${cwd}$`));
  assertEquals(await bodyOf(port), "1");
  assertEquals(/backtrace|panicked/i.test(child.stderr), false, child.stderr);
});

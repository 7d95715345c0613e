/**
 * Typical uses of the image: its configuration in a volume, its commands, no writable folder.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { binaryPath, type Child, runHayate, sleep } from "../../support/binary.ts";
import { inNamespace, namespaceTest, pathIn } from "../../support/namespaces.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";

/**
 * An /etc with only a folder for the configuration, on which the test's folder `conf` is mounted.
 */
const plainEtc = `mount -t tmpfs none /etc; mkdir /etc/hayate; `;
const mountedEtc = `${plainEtc}mount --bind "$2/conf" /etc/hayate; `;
const mountedFile = `${plainEtc}touch /etc/hayate/h2o.conf; ` +
  `mount --bind "$2/conf/h2o.conf" /etc/hayate/h2o.conf; `;
const supervise = `exec "$1" supervise proxy`;

async function writeSite(folder: TempFolder, text = "the site", more = ""): Promise<void> {
  await folder.write("docs/index.html", text);
  const config = `${more}hosts: {default: {paths: {/: {file.dir: ${folder.path}/docs}}}}\n`;
  await folder.write("conf/h2o.conf", config);
}

function start(setup: string, folder: TempFolder, port: number, then = supervise): Child {
  return inNamespace(setup + then, [binaryPath, folder.path], {
    env: { PORTS: `127.0.0.1:${port}` },
  });
}

async function get(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return `${response.status} ${await response.text()}`;
}

const config = "/etc/hayate/h2o.conf";

/** What may happen to a configuration before a HUP. */
const losses: Readonly<Record<string, (child: Child, folder: TempFolder) => Promise<void>>> = {
  "is removed": (child) => Deno.remove(pathIn(child, config)),
  "becomes a folder, as Docker makes one": async (child) => {
    await Deno.remove(pathIn(child, config));
    await Deno.mkdir(pathIn(child, config));
  },
  "becomes a link to nowhere": async (child) => {
    await Deno.remove(pathIn(child, config));
    await Deno.symlink("/no/such/file", pathIn(child, config));
  },
  "goes with its folder": async (child) => {
    await Deno.rename(pathIn(child, "/etc/hayate"), pathIn(child, "/etc/other"));
  },
};

for (const [loss, lose] of Object.entries(losses)) {
  namespaceTest(`a configuration that ${loss} before a HUP: the old generation stays`, async () => {
    await using folder = await tempFolder();
    await writeSite(folder);
    const port = freePort();
    const setup = `${plainEtc}cp "$2/conf/h2o.conf" ${config}; `;
    await using child = start(setup, folder, port);
    await child.waitForLine("supervises proxy");
    assertEquals(await get(port), "200 the site");
    await lose(child, folder);
    child.kill("SIGHUP");
    await child.waitForLine(/cannot read \/etc\/hayate\/h2o\.conf: /);
    await child.waitForLine(/seems to have failed to start, exit status:19968/);
    assertEquals(await get(port), "200 the site");
  });
}

namespaceTest("num-threads: a replaced worker serves its master's configuration", async () => {
  await using folder = await tempFolder();
  await writeSite(folder, "the site", "num-threads: 2\n");
  const port = freePort();
  await using child = start(`${plainEtc}cp "$2/conf/h2o.conf" ${config}; `, folder, port);
  const line = await child.waitForLine(/2 workers: \d+ \d+/);
  await Deno.remove(pathIn(child, config));
  for (const pid of line.match(/\d+/g)!.slice(1)) {
    Deno.kill(Number(pid), "SIGKILL");
  }
  await sleep(1500);
  for (let i = 0; i < 8; i++) assertEquals(await get(port), "200 the site");
});

namespaceTest(
  "without a configuration the welcome page is served, and a later one is read at HUP",
  async () => {
    await using folder = await tempFolder();
    await writeSite(folder);
    const port = freePort();
    await using child = start(plainEtc, folder, port);
    await child.waitForLine("supervises proxy");
    assertMatch(await get(port), /^200 .*hayate/s);
    await Deno.copyFile(`${folder.path}/conf/h2o.conf`, pathIn(child, config));
    child.kill("SIGHUP");
    await child.waitUntil("the site", async () => await get(port) === "200 the site" ? true : null);
  },
);

const wrongStarts: Readonly<Record<string, readonly [setup: string, line: string]>> = {
  "a folder at the configuration's place": [
    `${plainEtc}mkdir ${config}; `,
    `cannot read ${config}: is a folder`,
  ],
  "a volume without the file": [
    `${plainEtc}mkdir -p "$2/conf"; mount --bind "$2/conf" /etc/hayate; `,
    "/etc/hayate is mounted but contains no h2o.conf",
  ],
};

for (const [what, [setup, line]] of Object.entries(wrongStarts)) {
  namespaceTest(`${what} is an error at start, exit code 78`, async () => {
    await using folder = await tempFolder();
    await using child = start(setup, folder, freePort());
    const { code, stderr } = await child.result();
    assertEquals(code, 78, stderr);
    assertStringIncludes(stderr, line);
  });
}

namespaceTest("a mounted folder: a file replaced by rename is read at HUP", async () => {
  await using folder = await tempFolder();
  await writeSite(folder, "before");
  const port = freePort();
  await using child = start(mountedEtc, folder, port);
  await child.waitForLine("supervises proxy");
  await folder.write("docs/other.html", "after");
  await folder.write(
    "conf/new",
    `hosts: {default: {paths: {/: {file.index: [other.html], file.dir: ${folder.path}/docs}}}}\n`,
  );
  await Deno.rename(`${folder.path}/conf/new`, `${folder.path}/conf/h2o.conf`);
  child.kill("SIGHUP");
  await child.waitUntil("the new page", async () => await get(port) === "200 after" ? true : null);
  assert(!child.stderr.includes("replaced on the host"), child.stderr);
});

namespaceTest("a mounted file replaced by rename is reported at HUP, in one line", async () => {
  await using folder = await tempFolder();
  await writeSite(folder);
  const port = freePort();
  await using child = start(mountedFile, folder, port);
  await child.waitForLine("supervises proxy");
  await Deno.writeTextFile(`${folder.path}/conf/new`, "hosts: {}\n");
  await Deno.rename(`${folder.path}/conf/new`, `${folder.path}/conf/h2o.conf`);
  assert(!child.stderr.includes("replaced on the host"), child.stderr);
  child.kill("SIGHUP");
  await child.waitForLine("old worker");
  const lines = child.stderr.split("\n").filter((line) => line.includes("replaced on the host"));
  assertEquals(lines.map((line) => line.replace(/^\S+ /, "")), [
    `[warn] ${config}: the mounted file was replaced on the host, but the old one is still mounted; ` +
    "mount its directory instead",
  ]);
  assertEquals(await get(port), "200 the site");
});

namespaceTest("a mounted app replaced by rename is also reported at HUP", async () => {
  await using folder = await tempFolder();
  const app = (text: string) => `export default { fetch: () => new Response("${text}") };\n`;
  await folder.write("app.mjs", app("old"));
  const port = freePort();
  const setup = `${plainEtc}touch /etc/app.mjs; mount --bind "$2/app.mjs" /etc/app.mjs; `;
  await using child = start(setup, folder, port, `exec "$1" supervise serve -w 1 /etc/app.mjs`);
  await child.waitForLine("supervises serve");
  await folder.write("new.mjs", app("new"));
  await Deno.rename(`${folder.path}/new.mjs`, `${folder.path}/app.mjs`);
  child.kill("SIGHUP");
  await child.waitForLine("/etc/app.mjs: the mounted file was replaced on the host");
});

/** COMMAND of `docker run IMAGE COMMAND`, whose entry point is `hayate supervise`. */
const commands: readonly (readonly [words: string, code: number, output: RegExp])[] = [
  ["doctor", 0, /^This host: /],
  ["load", 2, /load: .*see hayate load --help/s],
  ["load --help", 0, /usage: hayate load/i],
  ["load -d 1s -c 1 http://127.0.0.1:9/", 1, /127\.0\.0\.1:9/],
  ["load --d 1s", 2, /hayate load: unknown flag --d/],
  ["load compare --help", 0, /hayate load compare/],
  ["help", 0, /hayate/],
  ["help supervise protocol", 0, /SERVER_STARTER_PORT/],
  ["version", 0, /^hayate \d/],
  ["--version", 0, /^hayate \d/],
  ["--help", 0, /hayate supervise/],
  ["completions bash", 0, /complete/],
  ["proxy --help", 0, /hayate proxy/],
  ["proxy -t -c /no/such/file", 78, /cannot read \/no\/such\/file/],
  ["proxy ctl --help", 0, /hayate proxy ctl/],
  ["serve --help", 0, /hayate serve/],
  ["serve status --help", 0, /hayate serve status/],
  ["supervise --help", 0, /hayate supervise/],
  ["status /no/such/pid", 3, /\/no\/such\/pid/],
];

for (const [words, code, output] of commands) {
  Deno.test(`every mode works as a container's command: ${words}`, async () => {
    const result = await runHayate(["supervise", ...words.split(" ")], { waitTimeoutMs: 15_000 });
    assertMatch(result.stdout + result.stderr, output);
    // What doctor finds depends on the host: 1 is its code for a FAIL.
    const expected = words === "doctor" && /^FAIL/m.test(result.stdout) ? 1 : code;
    assertEquals(result.code, expected, result.stdout + result.stderr);
    assert(!result.stderr.includes("starting now"), result.stderr);
  });
}

Deno.test("a program with the name of a mode is supervised after --", async () => {
  await using folder = await tempFolder();
  await folder.write("bin/doctor", "#!/bin/sh\necho its own\nexit 9\n", 0o755);
  const env = { PATH: `${folder.path}/bin:${Deno.env.get("PATH")}` };
  const { code, stdout } = await runHayate(["supervise", "--", "doctor"], { env });
  assertEquals([code, stdout], [9, "its own\n"]);
});

Deno.test("an empty PORTS is an error in one line and exit code 2 for our own modes", async () => {
  for (const [name, args] of [["PORTS", []], ["H2O_PORT", ["serve", "--text", "x"]]] as const) {
    for (const value of ["", "  "]) {
      const result = await runHayate(["supervise", ...args], {
        env: { [name]: value },
        waitTimeoutMs: 10_000,
      });
      assertEquals(result.code, 2);
      assertEquals(
        result.stderr,
        `hayate supervise: ${name} is empty: set it to what to listen on, such as ${name}="80 443", ` +
          "or unset it for 80 and 443\n",
      );
    }
  }
  // A foreign program may need no sockets at all.
  const other = await runHayate(["supervise", "--", "sh", "-c", "exit 4"], { env: { PORTS: "" } });
  assertEquals(other.code, 4);
});

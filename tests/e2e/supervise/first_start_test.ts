/**
 * The first start: a generation that cannot start ends the supervisor with its exit code, as nginx,
 * HAProxy and Caddy end on a broken configuration. `docker run`, Compose and a Swarm's
 * `--update-failure-action rollback` rely on that.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runHayate, runProgram } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { startServerLink, startSupervised } from "../../support/supervise.ts";

interface FirstStart {
  readonly what: string;
  /** COMMAND with its arguments, and options before it; `@NAME` is a file of the test's folder. */
  readonly args: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly code: number;
  readonly line: string | RegExp;
}

const port = String(freePort());

const failures: readonly FirstStart[] = [
  {
    what: "a wrong configuration (78: EX_CONFIG of sysexits.h, as h2o)",
    args: ["--port", port, "proxy", "-c", "@h2o.conf"],
    files: { "h2o.conf": "hosts: {x: {paths: {/: {nonsense: 1}}}}\n" },
    code: 78,
    line: "nonsense",
  },
  {
    what: "a configuration that is not there",
    args: ["--port", port, "proxy", "-c", "@none.conf"],
    code: 78,
    line: /cannot read .*none\.conf: no such file/,
  },
  {
    what: "several proxy workers and a wrong configuration",
    args: ["--port", port, "proxy", "-c", "@h2o.conf"],
    files: { "h2o.conf": "num-threads: 2\nhosts: {x: {paths: {/: {nonsense: 1}}}}\n" },
    code: 78,
    line: "nonsense",
  },
  {
    what: "an app that does not load",
    args: ["--port", port, "serve", "@app.js"],
    files: { "app.js": "export default { fetch( }\n" },
    code: 78,
    line: "app.js",
  },
  {
    what: "a key that cannot be read",
    args: ["serve", "--text", "x"],
    env: { PORTS: `127.0.0.1:${port}/tls`, HAYATE_CERT: "/no/cert", HAYATE_KEY: "/no/key" },
    code: 1,
    line: "/no/cert",
  },
  {
    what: "a command that does not exist (127: POSIX sh, 2.8.2)",
    args: ["--", "/no/such/program"],
    code: 127,
    line: "failed to exec /no/such/program: no such file or directory",
  },
  {
    what: "a command that is not in PATH",
    args: ["--", "no-such-program"],
    code: 127,
    line: "failed to exec no-such-program: not found in PATH",
  },
  {
    what: "a command that cannot be executed (126)",
    args: ["--", "/etc/passwd"],
    code: 126,
    line: "failed to exec /etc/passwd: permission denied",
  },
  {
    what: "a missing command under --die-with-parent",
    args: ["--die-with-parent", "--", "/no/such/program"],
    code: 127,
    line: "failed to exec /no/such/program: no such file or directory",
  },
  {
    what: "a folder as the command under --die-with-parent",
    args: ["--die-with-parent", "--", "/etc"],
    code: 126,
    line: "failed to exec /etc: permission denied",
  },
  {
    what: "a program that ends by itself with a code",
    args: ["--", "sh", "-c", "exit 7"],
    code: 7,
    line: "giving up: exit code 7",
  },
  {
    what: "a program that ends with 0 before it was ready",
    args: ["--", "true"],
    code: 1,
    line: "giving up: exit code 0",
  },
  {
    what: "a program that a signal kills (128 + 9)",
    args: ["--", "sh", "-c", "kill -9 $$"],
    code: 137,
    line: "giving up: killed by KILL",
  },
  {
    what: "one of several workers",
    args: [
      "--workers",
      "3",
      "--",
      "sh",
      "-c",
      "[ $SERVER_STARTER_WORKER != 2 ] || exit 9; exec sleep 99",
    ],
    code: 9,
    line: "giving up: exit code 9",
  },
];

for (const { what, args, files, env, code, line } of failures) {
  Deno.test(`supervise ends at the first start: ${what}`, async () => {
    await using folder = await tempFolder();
    for (const [name, text] of Object.entries(files ?? {})) await folder.write(name, text);
    const words = args.map((word) => word.replace(/^@/, `${folder.path}/`));
    const result = await runHayate(["supervise", ...words], {
      env: { ...env },
      waitTimeoutMs: 15_000,
    });
    assertEquals(result.code, code, result.stderr);
    if (typeof line === "string") assertStringIncludes(result.stderr, line);
    else assertMatch(result.stderr, line);
    assertEquals(
      result.stderr.match(/starting new worker/g)?.length ?? 0,
      code > 125 && code < 128 ? 0 : args.includes("--workers") ? 3 : 1,
    );
  });
}

Deno.test("supervise ends at the first start: the port is taken", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${(taken.addr as Deno.NetAddr).port}`;
  // EADDRINUSE is 98 on Linux; Perl's `die` exits with errno.
  const ours = await runHayate(["supervise", "--port", address, "serve", "--text", "x"]);
  assertEquals([ours.code, ours.stderr.includes(`${address} in use`)], [98, true], ours.stderr);
  // One that the command itself binds.
  const its = await runHayate(["supervise", "serve", "--port", address, "--text", "x"]);
  assertEquals([its.code, its.stderr.includes(`${address} in use`)], [1, true], its.stderr);
});

/** A program that fails until `FOLDER/good` exists. */
function waitsForGood(folder: TempFolder): string[] {
  return ["sh", "-c", `[ -e ${folder.path}/good ] || exit 5; exec sleep 1000`];
}

Deno.test("supervise --max-start-failures 0 retries the first start forever, 3 three times", async () => {
  await using folder = await tempFolder();
  const flags = (count: number) => ["--interval=0.3", "--max-start-failures", String(count), "--"];
  const three = await runHayate(["supervise", ...flags(3), ...waitsForGood(folder)]);
  assertEquals([three.code, three.stderr.match(/starting new worker/g)?.length], [5, 3]);
  await using endless = startSupervised(folder, [...flags(0), ...waitsForGood(folder)]);
  await endless.child.waitForLine(/(starting new worker[^]*){3}/);
  await folder.write("good", "");
  await endless.child.waitUntil("a generation", () => endless.status()[0] ?? null);
});

Deno.test("supervise: a failed restart after a good first start keeps the old generation", async () => {
  await using folder = await tempFolder();
  await folder.write("good", "");
  const args = ["--interval=0", "--ready-notify", "--", ...waitsForGood(folder)];
  args.splice(
    args.indexOf("-c") + 1,
    1,
    `${args.at(-1)!.replace("exec", "echo >&$READY_FD; exec")}`,
  );
  await using supervisor = startSupervised(folder, args);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  await Deno.remove(`${folder.path}/good`);
  supervisor.child.kill("SIGHUP");
  await supervisor.child.waitForLine(/(seems to have failed to start[^]*){2}/);
  assertEquals(supervisor.status().map((line) => line.pid), [pid]);
  assert(!supervisor.child.hasEnded);
});

Deno.test("called as start_server, a failing first start is retried forever, as in Server::Starter", async () => {
  await using folder = await tempFolder();
  const link = await startServerLink(folder);
  const script = `( ${link} --interval=0 -- sh -c 'exit 5' 2>${folder.path}/log & p=$!; sleep 2; ` +
    `kill -TERM $p; wait $p; echo "code $?" )`;
  const { stdout } = await runProgram("sh", ["-c", script]);
  assertEquals(stdout, "code 0\n");
  const starts = (await Deno.readTextFile(`${folder.path}/log`)).match(/starting new worker/g);
  assert((starts?.length ?? 0) >= 3, `${starts?.length} starts`);
});

Deno.test("supervise: clients that connect before the first generation is ready get its complete response", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const app = `await new Promise((resolve) => setTimeout(resolve, 700));
export default { fetch: () => new Response("a".repeat(100_000)) };\n`;
  const path = await folder.write("app.mjs", app);
  await using supervisor = startSupervised(folder, [
    "--port",
    `127.0.0.1:${port}`,
    "serve",
    path,
  ]);
  await supervisor.child.waitForSocket({ kind: "tcp", host: "127.0.0.1", port });
  assertEquals(supervisor.status(), [], "no generation is ready yet");
  const response = await fetch(`http://127.0.0.1:${port}/`);
  assertEquals([response.status, (await response.text()).length], [200, 100_000]);
});

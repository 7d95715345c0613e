import { assertEquals } from "@std/assert";
import { UsageError } from "../../../../mod/cli/mod.ts";
import { readServePlan } from "../../../../mod/serve/plan/options.ts";
import { readInherited } from "../../../../mod/serve/sockets/inherited.ts";

function errorsOf(argv: string[]): readonly string[] {
  try {
    readServePlan(argv);
  } catch (error) {
    if (error instanceof UsageError) return error.errors;
    throw error;
  }
  return [];
}

Deno.test("readServePlan() distinguishes apps, folders and texts", () => {
  assertEquals(readServePlan(["--text", ""]).app, { kind: "text", text: "" });
  for (const name of ["a.js", "a.mjs", "a.ts", "a.mts", "a.tsx", "a.jsx"]) {
    assertEquals(readServePlan([name]).app, { kind: "script", path: name, args: [] });
  }
  assertEquals(readServePlan(["public.d/"]).app, { kind: "folder", path: "public.d/", hosts: [] });
});

Deno.test("readServePlan() listens on 8080 by default", () => {
  const addresses = (argv: string[]) =>
    readServePlan([...argv, "x.js"]).listen.sockets.map(({ address }) => address);
  assertEquals(addresses([]), [{ kind: "tcp", host: "0.0.0.0", port: 8080 }]);
  assertEquals(addresses(["--path", "/a"]), [{ kind: "unix", path: "/a" }]);
  assertEquals(addresses(["--port", "1", "--host", "::1", "-p", "2", "--path", "b"]), [
    { kind: "tcp", host: "::1", port: 1 },
    { kind: "tcp", host: "::1", port: 2 },
    { kind: "unix", path: "b" },
  ]);
  assertEquals(addresses(["-p", "127.0.0.1:1", "-p", "[::1]:2", "-p", "localhost:3", "-p", "4"]), [
    { kind: "tcp", host: "127.0.0.1", port: 1 },
    { kind: "tcp", host: "::1", port: 2 },
    { kind: "tcp", host: "127.0.0.1", port: 3 },
    { kind: "tcp", host: "0.0.0.0", port: 4 },
  ]);
  for (const port of ["65536", "-1", "x", "/a", "", "127.0.0.1"]) {
    assertEquals(errorsOf([`--port=${port}`, "x.js"]), [
      `--port ${port === "" ? '""' : port}: not a port from 0 to 65535 or HOST:PORT`,
    ]);
  }
  assertEquals(errorsOf(["--port=300.0.0.1:1", "--host=1.2.3", "x.js"]), [
    "--port 300.0.0.1:1: not an IP address",
    "--host 1.2.3: not an IP address",
  ]);
  assertEquals(readServePlan(["--host", "[::1]", "x.js"]).listen.sockets[0].address, {
    kind: "tcp",
    host: "::1",
    port: 8080,
  });
});

Deno.test("readServePlan() reports every mistake at once", () => {
  const errors = errorsOf([
    ...["--text", "x", "dir", "--path-owner", "root", "--status-path", "status"],
    ...["--min-requests-per-child", "5", "--path", "/" + "p".repeat(120)],
  ]);
  assertEquals(errors, [
    "--text and dir cannot be combined",
    `--path /${"p".repeat(120)}: longer than the 107 bytes of a socket address`,
    "--path-owner root: not a numeric UID or UID:GID",
    "--status-path: must begin with /",
    "--min-requests-per-child needs --max-requests-per-child",
  ]);
  assertEquals(errorsOf([]), ["no APP, DIR or --text STR given"]);
  assertEquals(errorsOf(["--max-requests-per-child", "5", "--min-requests-per-child", "6", "a"]), [
    "--min-requests-per-child is larger than --max-requests-per-child",
  ]);
  for (
    const argv of [
      ["--workers", "0"],
      ["--host", "example.test"],
      ["--path-mode", "rw"],
      ["--access-log", "|"],
      ["--access-log-format", "%{x"],
      ["--chunked", "maybe"],
      ["--status-listen", "nope:x"],
    ]
  ) assertEquals(errorsOf([...argv, "a.js"]).length, 1, argv.join(" "));
});

Deno.test("readServePlan() reads limits in their units", () => {
  const plan = readServePlan([
    ...["--timeout", "2", "--graceful-timeout", "500ms", "--max-memory", "1G", "--max-body", "0"],
    ...["--workers", "auto", "--status-listen", "localhost:9000", "--status-token", "x"],
    "a.js",
  ]);
  assertEquals(plan.process.timeoutMs, 2000);
  assertEquals(plan.process.gracefulTimeoutMs, 500);
  assertEquals(plan.process.memoryBytesMax, 1024 ** 3);
  assertEquals(plan.process.workers, "auto");
  assertEquals(plan.http.bodyBytesMax, Infinity);
  assertEquals(plan.status?.address, { kind: "tcp", host: "127.0.0.1", port: 9000 });
});

Deno.test("readInherited() understands Server::Starter and systemd", () => {
  const read = (variables: Record<string, string>) => readInherited((name) => variables[name], 77);
  assertEquals(read({}), null);
  assertEquals(read({ SERVER_STARTER_PORT: "" }), null);
  const starter = "8080=4;127.0.0.1:80=5;[::1]:80=6;/a=b.sock=7";
  assertEquals(read({ SERVER_STARTER_PORT: starter }), [
    { name: "8080", fd: 4 },
    { name: "127.0.0.1:80", fd: 5 },
    { name: "[::1]:80", fd: 6 },
    { name: "/a=b.sock", fd: 7 },
  ]);
  assertEquals(read({ LISTEN_FDS: "2", LISTEN_PID: "77", LISTEN_FDNAMES: "web" }), [
    { name: "web", fd: 3 },
    { name: "systemd 1", fd: 4 },
  ]);
  assertEquals(read({ LISTEN_FDS: "2", LISTEN_PID: "78" }), null);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import { UsageError } from "../../../../mod/cli/mod.ts";
import { readSupervisePlan, timingOf } from "../../../../mod/supervise/plan/options.ts";
import type { RunPlan } from "../../../../mod/supervise/plan/plan.ts";

function plan(
  argv: readonly string[],
  environment: Record<string, string> = {},
  calledAs = "hayate",
): RunPlan {
  const read = readSupervisePlan(argv, environment, calledAs);
  if (read.kind !== "run") throw new Error(`a ${read.kind} plan`);
  return read;
}

/** Names of what is listened on. */
function listens(
  argv: readonly string[],
  environment: Record<string, string> = {},
  calledAs = "hayate",
): string[] {
  return plan(argv, environment, calledAs).listen.map(({ name }) => name);
}

Deno.test("readSupervisePlan() takes Server::Starter's spellings: =, blank, one dash, any case, short forms", () => {
  for (
    const argv of [
      ["--status-file=/s", "--", "app"],
      ["--status-file", "/s", "--", "app"],
      ["-status-file", "/s", "app"],
      ["--STATUS-File", "/s", "app"],
      ["--sta=/s", "app"],
      ["app", "--sta", "/s"],
    ]
  ) {
    const { statusFile, command } = plan(argv);
    assertEquals([statusFile, command], ["/s", ["app"]], argv.join(" "));
  }
});

Deno.test("readSupervisePlan() leaves every abbreviation of Server::Starter unique beside our own flags", () => {
  const shortest: Record<string, [string, keyof RunPlan, unknown]> = {
    "--pa": ["/p", "listen", 1],
    "--di": ["/d", "folder", "/d"],
    "--pi": ["/f", "pidFile", "/f"],
    "--sta": ["/s", "statusFile", "/s"],
    "--b": ["7", "backlog", 7],
  };
  for (const [flag, [value, key, expected]] of Object.entries(shortest)) {
    const found = plan([flag, value, "--", "app"])[key];
    assertEquals(Array.isArray(found) ? found.length : found, expected, flag);
  }
  assertEquals(plan(["--i", "3", "app"]).settings.intervalMs, 3000);
  assertEquals(plan(["--k", "3", "app"]).variables, { KILL_OLD_DELAY: "3" });
  assertEquals(plan(["--ena", "--a", "9", "app"]).variables, {
    ENABLE_AUTO_RESTART: "1",
    AUTO_RESTART_INTERVAL: "9",
  });
  assertEquals(plan(["--l", "/log", "--da", "app"]).daemonize, true);
});

Deno.test("readSupervisePlan() stops reading flags after proxy and serve, which have their own", () => {
  assertEquals(plan(["--port", "1", "proxy", "-c", "x"]).command, ["proxy", "-c", "x"]);
  assertEquals(plan(["serve", "--port", "8080", "--text", "a"]).command.length, 5);
  assertEquals(plan(["--", "h2o", "--port", "1"]).command, ["h2o", "--port", "1"]);
});

Deno.test("readSupervisePlan() without COMMAND is the proxy, as start_server an error with code 255", () => {
  assertEquals(plan([]).command, ["proxy"]);
  const error = assertThrows(() => plan([], {}, "start_server"), StartError);
  assertEquals([error.message, error.exitCode], ["server program not specified", 255]);
});

Deno.test("readSupervisePlan() listens on --port and --path, else on PORTS, H2O_PORT, else on 80 443", () => {
  assertEquals(listens(["--port", "1", "--path", "/a", "--port", "::1:2", "proxy"]), [
    "1",
    "[::1]:2",
    "/a",
  ]);
  assertEquals(listens([], { PORTS: "8080  [::1]:81 /tmp/a.sock" }), [
    "8080",
    "[::]:8080",
    "[::1]:81",
    "/tmp/a.sock",
  ]);
  assertEquals(listens([], { H2O_PORT: "8081" }), ["8081", "[::]:8081"]);
  assertEquals(listens([], { PORTS: "1", H2O_PORT: "2" }), ["1", "[::]:1"]);
  assertEquals(listens([]), ["80", "[::]:80", "443", "[::]:443"]);
  assertEquals(listens([], { PORTS: "[::]:80 80" }), ["[::]:80", "80"]);
  assertEquals(listens([], { PORTS: "0.0.0.0:80" }), ["0.0.0.0:80"]);
  assertEquals(listens(["--port", "3"], { PORTS: "1" }), ["3"]);
});

Deno.test("readSupervisePlan() gives no default sockets to foreign programs, nor where others name them", () => {
  assertEquals(listens(["--", "app"]), []);
  assertEquals(listens(["--", "app"], { PORTS: "5" }), ["5"]);
  assertEquals(listens(["--", "app"], { PORTS: "5" }, "start_server"), []);
  assertEquals(listens(["serve", "--port", "8080"]), []);
  assertEquals(listens([], { LISTEN_FDS: "1", LISTEN_PID: "1" }), []);
});

Deno.test("readSupervisePlan() reports a bad signal name, a bad port and a bad mode at once", () => {
  const argv = ["--signal-on-hup", "NOPE", "--socket-mode", "999", "--interval", "x", "app"];
  const error = assertThrows(() => plan(argv), UsageError);
  assertEquals((error as UsageError).errors.length, 3);
  assertEquals(error.exitCode, 2);
  const port = assertThrows(() => plan(["--port", "*:80", "app"]), UsageError);
  assert(port.message.includes("*:80"), port.message);
});

Deno.test("readSupervisePlan() takes signal names in any case, with and without SIG", () => {
  const { settings } = plan(["--signal-on-hup=sigusr1", "--signal-on-term=quit", "app"]);
  assertEquals([settings.signalOnHup, settings.signalOnTerm], ["USR1", "QUIT"]);
});

Deno.test("readSupervisePlan() has start_server's exit codes under its name", () => {
  const code = (argv: string[]) =>
    (assertThrows(() => plan(argv, {}, "start_server"), StartError) as StartError).exitCode;
  assertEquals(code(["--foo", "app"]), 1);
  assertEquals(code(["--interval", "x", "app"]), 1);
  assertEquals(code(["--port", "abc", "app"]), 255);
  assertEquals(code(["--daemonize", "app"]), 255);
  assertEquals(code(["--restart"]), 255);
  assertEquals(code(["--stop"]), 255);
});

Deno.test("readSupervisePlan() refuses one descriptor number for two sockets", () => {
  const error = assertThrows(() => plan(["--port", "1=9", "--port", "2=9", "app"]), UsageError);
  assertEquals(error.message, "2=9: descriptor 9 is used twice");
});

Deno.test("readSupervisePlan() waits for our own modes to tell, and for others by the interval", () => {
  assertEquals(plan(["proxy"]).settings.readiness, "notify");
  assertEquals(plan(["proxy"]).settings.startTimeoutMs, 60_000);
  assertEquals(plan(["--", "app"]).settings.readiness, "interval");
  assertEquals(plan(["--ready-notify", "--", "app"]).settings.readiness, "notify");
  assertEquals(plan(["--ready-exec", "true", "--", "app"]).settings.readiness, "notify");
});

Deno.test("readSupervisePlan() splits --log-file into a file or a command", () => {
  assertEquals(plan(["--log-file", "/l", "app"]).log, { kind: "file", path: "/l" });
  assertEquals(plan(["--log-file", " | cat -n", "app"]).log, { kind: "pipe", command: "cat -n" });
});

Deno.test("timingOf() reads the delays as Server::Starter does", () => {
  const delay = (variables: Record<string, string>) => timingOf(variables).killOldDelayMs;
  assertEquals(delay({}), 0);
  assertEquals(delay({ KILL_OLD_DELAY: "3" }), 3000);
  assertEquals(delay({ ENABLE_AUTO_RESTART: "1" }), 5000);
  assertEquals(delay({ ENABLE_AUTO_RESTART: "1", KILL_OLD_DELAY: "0" }), 0);
  assertEquals(timingOf({ ENABLE_AUTO_RESTART: "1" }).autoRestartMs, 360_000);
  assertEquals(timingOf({ ENABLE_AUTO_RESTART: "0" }).autoRestartMs, 0);
  const both = { ENABLE_AUTO_RESTART: "1", AUTO_RESTART_INTERVAL: "10" };
  assertEquals(timingOf(both).autoRestartMs, 10_000);
});

Deno.test("SHUTDOWN_DELAY and DRAIN_TIMEOUT are defaults, but not for start_server", () => {
  const variables = { SHUTDOWN_DELAY: "5", DRAIN_TIMEOUT: "8" };
  const read = (calledAs: string, ...argv: string[]) => {
    const plan = readSupervisePlan(["--port", "80", ...argv], variables, calledAs);
    if (plan.kind !== "run") throw new Error(`a ${plan.kind} plan`);
    return [plan.shutdownDelayMs, plan.settings.drainTimeoutMs];
  };
  // Our own modes have the variable, too, and a second more to end by themselves.
  assertEquals(read("hayate", "proxy"), [5000, 9000]);
  assertEquals(read("hayate", "--", "app"), [5000, 8000]);
  assertEquals(read("hayate", "--shutdown-delay", "1", "--", "app"), [1000, 8000]);
  assertEquals(read("start_server", "--", "app"), [0, 0]);
});

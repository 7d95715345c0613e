import { assert, assertEquals } from "@std/assert";
import { descriptorWatch } from "../../../../mod/process/descriptor_watch.ts";
import { checkDefaults } from "../../../../mod/proxy/directives/upstream/check_line.ts";
import { probeByCommand } from "../../../../mod/proxy/health/command_probe.ts";
import type { ProbeResult, ProbeTarget } from "../../../../mod/proxy/health/probe_target.ts";
import { tempFolder } from "../../../support/ports.ts";

const timers = {
  setTimer: (delayMs: number, callback: () => void) => setTimeout(callback, delayMs),
  clearTimer: (handle: number) => clearTimeout(handle),
};

function target(script: string, timeoutMs = 10_000): ProbeTarget {
  return {
    address: { kind: "tcp", host: "10.0.0.1", port: 8080 },
    addresses: [{ kind: "tcp", host: "10.0.0.1", port: 8080 }],
    check: { ...checkDefaults, type: "exec", command: ["/bin/sh", "-c", script], timeoutMs },
    upstream: "app",
    server: "app.example:80",
    isSecure: false,
    serverName: "app.example",
  };
}

/** The result of the probe of a script. */
function outcome(script: string, timeoutMs?: number): Promise<[ProbeResult, string]> {
  return new Promise((resolve) => {
    probeByCommand(
      timers,
      target(script, timeoutMs),
      (result, note = "") => resolve([result, note]),
    );
  });
}

async function settled(): Promise<void> {
  await descriptorWatch.settled();
}

Deno.test("probeByCommand() judges by the exit code and returns the first line", async () => {
  assertEquals(await outcome("true"), [null, ""]);
  assertEquals(await outcome("echo; echo fine; echo more"), [null, "fine"]);
  assertEquals(await outcome("echo broken >&2; exit 3"), ["command", "exit code 3: broken"]);
  assertEquals(await outcome("kill -9 $$"), ["command", "exit code 137"]);
  await settled();
});

Deno.test("probeByCommand() names the server to the command and gives it an empty stdin", async () => {
  const script = "cat; echo $HAYATE_UPSTREAM $HAYATE_SERVER $HAYATE_PEER " +
    "$HAYATE_PEER_HOST $HAYATE_PEER_PORT";
  assertEquals(await outcome(script), [
    null,
    "app app.example:80 10.0.0.1:8080 10.0.0.1 8080",
  ]);
  await settled();
});

Deno.test("probeByCommand() survives a command with a very long output", async () => {
  const [result, note] = await outcome("head -c 1000000 /dev/zero | tr '\\0' x");
  assertEquals([result, note.length], [null, 256]);
  await settled();
});

Deno.test("probeByCommand() reports a command that cannot be started", async () => {
  const wrong = target("");
  const gone = { ...wrong, check: { ...wrong.check, command: ["/no/such/program"] } };
  const [result, note] = await new Promise<[ProbeResult, string]>((resolve) => {
    probeByCommand(timers, gone, (result, note = "") => resolve([result, note]));
  });
  assertEquals(result, "command");
  assert(note.startsWith("/no/such/program: "), note);
  await settled();
});

Deno.test("probeByCommand() runs one command per peer at a time", async () => {
  await using folder = await tempFolder();
  const log = `${folder.path}/log`;
  const script = `echo start >> ${log}; sleep 0.2; echo end >> ${log}`;
  await Promise.all([outcome(script), outcome(script), outcome(script)]);
  const lines = (await Deno.readTextFile(log)).trim().split("\n");
  assertEquals(lines, ["start", "end", "start", "end", "start", "end"]);
  await settled();
});

Deno.test("probeByCommand() kills a command at its timeout and ignores its late output", async () => {
  assertEquals(await outcome("echo slow; sleep 60", 2000), ["timeout", "slow"]);
  let heard = 0;
  const giveUp = probeByCommand(timers, target("sleep 60"), () => heard++);
  giveUp();
  // The next one starts after the killed one has exited.
  assertEquals(await outcome("true"), [null, ""]);
  assertEquals(heard, 0);
  await settled();
});

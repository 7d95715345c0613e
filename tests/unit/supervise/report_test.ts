import { assertEquals } from "@std/assert";
import { jsonLine, type ReportEvent, textLine } from "../../../mod/supervise/report.ts";

Deno.test("textLine() has the texts of Server::Starter 0.35", () => {
  const rows: readonly [ReportEvent, string][] = [
    [{ event: "start", pid: 7 }, "start_server (pid:7) starting now..."],
    [{ event: "descriptor", number: 9 }, "socket is duplicated to file descriptor 9"],
    [{ event: "socket-removed", path: "/a" }, "removing existing socket file:/a"],
    [{ event: "starting", generation: 1, pid: 8 }, "starting new worker 8"],
    [
      { event: "start-failed", generation: 1, pid: 8, status: 256 },
      "new worker 8 seems to have failed to start, exit status:256",
    ],
    [{ event: "hup" }, "received HUP, spawning a new worker"],
    [
      { event: "auto-restart", forced: false, intervalMs: 360_000 },
      "autorestart triggered (interval=360)",
    ],
    [
      { event: "auto-restart", forced: true, intervalMs: 6000 },
      "autorestart triggered (forced, interval=6)",
    ],
    [
      { event: "running", signal: "TERM", pids: [8, 9] },
      "new worker is now running, sending TERM to old workers:8,9",
    ],
    [
      { event: "running", signal: "USR1", pids: [] },
      "new worker is now running, sending USR1 to old workers:none",
    ],
    [{ event: "kill-delay", delayMs: 5000 }, "sleeping 5 secs before killing old workers"],
    [{ event: "killing" }, "killing old workers"],
    [{ event: "old-died", generation: 1, pid: 8, status: 15 }, "old worker 8 died, status:15"],
    [
      { event: "died-unexpectedly", generation: 1, pid: 8, status: 9 },
      "worker 8 died unexpectedly with status:9, restarting",
    ],
    [
      { event: "stopping", received: "INT", signal: "TERM", pids: [8, 9] },
      "received INT, sending TERM to all workers:8,9",
    ],
    [{ event: "died", generation: 1, pid: 8, status: 0 }, "worker 8 died, status:0"],
    [{ event: "exiting" }, "exiting"],
  ];
  for (const [entry, line] of rows) assertEquals(textLine(entry), line);
});

Deno.test("jsonLine() holds the text, the event and its fields", () => {
  const line = jsonLine({ event: "starting", generation: 3, pid: 8 }, 0);
  assertEquals(JSON.parse(line), {
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    msg: "starting new worker 8",
    name: "supervise",
    event: "starting",
    generation: 3,
    pid: 8,
  });
});

Deno.test("jsonLine() tells a fault from a note", () => {
  const levels = (["note", "fault"] as const).map((event) => {
    const { level, msg } = JSON.parse(jsonLine({ event, text: "acme: no" }, 0));
    return [level, msg];
  });
  assertEquals(levels, [["info", "acme: no"], ["error", "acme: no"]]);
});

/** `hayate load --live` on a pseudo-terminal. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runHayate } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";
import { framesOf, runOnTerminal } from "../../support/terminal.ts";

const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";
const secondDrawn = "last [2-9] s";

/** What stays on the terminal: all but the alternate screen. */
function keptOf(text: string): string {
  return text.split(enter).map((part) => part.slice(Math.max(0, part.indexOf(leave))))
    .join("").replaceAll(leave, "").replaceAll("\r", "");
}

function assertRestored(run: { text: string; isRestored: boolean }): void {
  assert(run.isRestored, "the modes are others than before");
  assertEquals(run.text.split(enter).length, run.text.split(leave).length);
  assert(run.text.lastIndexOf(leave) > run.text.lastIndexOf(enter));
}

function load(server: ReferenceServer, path: string, ...flags: string[]): string[] {
  return ["load", "--live", "-c5", "-R", "200", "-d", "600s", ...flags, server.url(path)];
}

peerTest("python3", "load --live draws the run, prints it on p, and ends it on q", async () => {
  await using server = await ReferenceServer.start();
  const run = await runOnTerminal(load(server, "/fixed?ms=3", server.url("/status?code=503")), [
    { wait: secondDrawn, send: "p" },
    { wait: "last [5-9] s", send: "\x1b[A" },
    { wait: "last", send: "q" },
  ]);
  assertEquals(run.code, 130);
  assertRestored(run);
  const frames = framesOf(run.text);
  for (const frame of frames) {
    assert(frame.length <= 24 && frame.every((line) => line.length < 80), frame.join("\n"));
  }
  const drawn = frames.at(-1)!.join("\n");
  assertMatch(drawn, /^measuring {2}59\ds left$/m);
  assertMatch(drawn, /^Requests\/s [\d.]+ {2}target 200\.00 {2}errors \d+ {2}connections 5 /m);
  assertMatch(drawn, /^Latency {4}p50 [\d.]+[mu]s {2}p90 /m);
  assertMatch(drawn, /^Requests\/s, last \d s {2}highest [\d.]+\n.*[▁▂▃▄▅▆▇█]/m);
  assertMatch(drawn, /^Errors\/s, highest [\d.]+\n.*[▁▂▃▄▅▆▇█]/m);
  assertMatch(drawn, /\nq ends the run {2}p prints what is shown$/);
  assert(run.text.includes("\x1b[31m"), "errors are red");
  const kept = keptOf(run.text);
  // The snapshot, once, and then the results.
  assertEquals(kept.match(/^Latency {4}p50 /gm)?.length, 1, kept);
  assertMatch(kept, /^hayate load http.*\n[^]*\n {2}\d+ requests in [^]*\nRequests\/sec: /m);
});

peerTest("python3", "load --live gives the terminal back after signals and Ctrl-Z", async () => {
  await using server = await ReferenceServer.start();
  for (
    const [step, code] of [
      [{ signal: "SIGINT" }, 130],
      [{ send: "\x03" }, 130],
      [{ signal: "SIGTERM" }, 143],
    ] as const
  ) {
    const run = await runOnTerminal(load(server, "/"), [{ wait: "last 1 s", ...step }]);
    assertEquals(run.code, code);
    assertRestored(run);
    assertMatch(keptOf(run.text), /Requests\/sec: /);
  }
  const stopped = await runOnTerminal(load(server, "/"), [
    { wait: "last 1 s", send: "\x1a" },
    { wait: "1049l", isStopped: true, signal: "SIGCONT" },
    { wait: "1049h.*last [2-9] s", send: "q" },
  ]);
  assertEquals(stopped.code, 130);
  assertRestored(stopped);
});

peerTest("python3", "load --live gives the terminal back when the run fails", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const script = await folder.write(
    "s.js",
    `let count = 0;\nexport function request() {\n  if (++count > 250) throw new Error("enough");\n` +
      `  return wrk.format("GET", "/");\n}\n`,
  );
  const run = await runOnTerminal(load(server, "/", "-s", script), []);
  assertEquals(run.code, 1);
  assertRestored(run);
  assertMatch(keptOf(run.text), /^hayate load: .*s\.js.*enough/m);
});

peerTest("python3", "load --live follows the terminal's size, however small", async () => {
  await using server = await ReferenceServer.start();
  const run = await runOnTerminal(load(server, "/"), [
    { wait: "last 1 s", resize: [50, 12] },
    { wait: "\\[H.*last 3 s", resize: [20, 3] },
    // The third and last line has no room for more.
    { wait: "measuring\\x1b\\[K\\x1b\\[J", send: "q" },
  ]);
  assertEquals(run.code, 130);
  assertRestored(run);
  const sizes = framesOf(run.text).map((frame) => [
    Math.max(...frame.map((line) => line.length)),
    frame.length,
  ]);
  assert(sizes.some(([columns, rows]) => columns >= 50 && rows > 12));
  const [columns, rows] = sizes.at(-1)!;
  assert(columns < 20 && rows <= 3, `${columns} x ${rows}`);
});

peerTest("python3", "load --live honours NO_COLOR and the locale, and repeats", async () => {
  await using server = await ReferenceServer.start();
  const env = { NO_COLOR: "1", LC_ALL: "C" };
  const args = ["load", "--live", "-c1", "-d", "2s", "--warmup", "1s", "--repeat", "2"];
  const run = await runOnTerminal([...args, server.url("/status?code=500")], [], { env });
  assertEquals(run.code, 0);
  assertRestored(run);
  assert(!run.text.includes("\x1b[31m"));
  const frames = framesOf(run.text).map((frame) => frame.join("\n"));
  for (const frame of frames) assert(/^[\x20-\x7e\n]*$/.test(frame), frame);
  assertMatch(frames[0], /^warming up, 1s left {2}run 1 of 2$/m);
  assertMatch(frames.at(-1)!, /run 2 of 2$/m);
  assertEquals(keptOf(run.text).match(/^Requests\/sec: /gm)?.length, 2);
});

peerTest("python3", "load --live says why it draws nothing", async () => {
  await using server = await ReferenceServer.start();
  const args = ["load", "--live", "-n", "5", server.url("/")];
  const dumb = await runOnTerminal(args, [], { env: { TERM: "dumb" } });
  assertEquals([dumb.code, dumb.isRestored], [0, true]);
  assert(!dumb.text.includes("\x1b"), dumb.text);
  assertMatch(dumb.text, /^hayate load: --live: TERM=dumb cannot go back in what it shows: plain/);
  const { code, stdout, stderr } = await runHayate(args);
  assertEquals([code, stderr], [
    0,
    "hayate load: --live: stderr is no terminal: plain progress is shown instead\n",
  ]);
  assertMatch(stdout, /^ {2}5 requests in /m);
  for (const [flag, why] of [["-q", "quiet"], ["--find-rate=p99<1s", "find-rate"]]) {
    const refused = await runHayate([...args, flag]);
    assertEquals(refused.code, 2);
    assertMatch(refused.stderr, new RegExp(`--live.*${why}|${why}.*--live`));
  }
});

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  LineBuffer,
  Logger,
  type LogStyle,
  parseLogTarget,
  type Sink,
} from "../../../mod/log/mod.ts";

class MemorySink implements Sink {
  readonly buffer = new LineBuffer();
  readonly droppedCount = 0;
  lines: string[] = [];
  reopenedCount = 0;
  endLine(): void {
    this.lines.push(new TextDecoder().decode(this.buffer.view()).slice(0, -1));
    this.buffer.clear();
  }
  flush(): void {}
  reopen(): void {
    this.reopenedCount += 1;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function logOf(style: LogStyle, speak: (logger: Logger) => void): string[] {
  const sink = new MemorySink();
  speak(new Logger({ name: "proxy", style, sink }));
  return sink.lines;
}

Deno.test("Logger writes text with the local time, level and fields", () => {
  const [line] = logOf(
    "text",
    (logger) => logger.warn("peer is down", { peer: "127.0.0.1:81", why: "timed out" }),
  );
  assertMatch(
    line as string,
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \[warn\] peer is down peer=127\.0\.0\.1:81 why="timed out"$/,
  );
});

Deno.test("Logger writes as nginx does", () => {
  const [line] = logOf("nginx", (logger) => logger.error("no live upstreams"));
  assertMatch(
    line as string,
    /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[error\] \d+#0: no live upstreams$/,
  );
});

Deno.test("Logger writes plain lines as they are", () => {
  assertEquals(logOf("plain", (logger) => logger.info("starting new worker 4711")), [
    "starting new worker 4711",
  ]);
});

Deno.test("Logger writes JSON objects", () => {
  const [line] = logOf("json", (logger) => logger.info('a "b"\n', { generation: 2 }));
  const { time, pid, ...rest } = JSON.parse(line as string);
  assertEquals(rest, { level: "info", name: "proxy", msg: 'a "b"\n', generation: 2 });
  assertEquals([time.endsWith("Z"), Number.isNaN(Date.parse(time)), pid], [true, false, Deno.pid]);
});

Deno.test("Logger drops lines below its level", () => {
  assertEquals(logOf("plain", (logger) => logger.debug("x")), []);
});

Deno.test("Logger escapes what could forge a line", () => {
  assertEquals(logOf("plain", (logger) => logger.info("a\nb\x1b[31m\tc", { k: "d\r\n" })), [
    'a\\x0ab\\x1b[31m\tc k="d\\r\\n"',
  ]);
});

Deno.test("Logger.redirect() and reopen() reach the sink", () => {
  const [first, second] = [new MemorySink(), new MemorySink()];
  const logger = new Logger({ name: "x", style: "plain", sink: first });
  logger.info("one");
  logger.redirect(second);
  logger.info("two");
  logger.reopen();
  assertEquals([first.lines, second.lines, second.reopenedCount], [["one"], ["two"], 1]);
});

const targets: readonly [string, ReturnType<typeof parseLogTarget>][] = [
  ["/var/log/a.log", { kind: "file", path: "/var/log/a.log" }],
  ["| rotatelogs x", { kind: "pipe", command: "rotatelogs x" }],
  ["pipe:/usr/bin/cronolog x", { kind: "pipe", command: "/usr/bin/cronolog x" }],
  [
    "pipe:rollback logs/a.log interval=1h baknum=5 maxsize=2G",
    {
      kind: "rollback",
      path: "logs/a.log",
      rule: { intervalMs: 3_600_000, bytesMax: 2 * 1024 ** 3, backupCount: 5, adjustMs: 60_000 },
    },
  ],
  ["-", { kind: "stream", name: "stdout" }],
  ["/dev/stderr", { kind: "stream", name: "stderr" }],
  ["syslog:udp://h", {
    kind: "syslog",
    transport: "udp",
    address: "h:514",
    facility: 23,
    tag: "hayate",
  }],
  ["syslog:tcp://[::1]", {
    kind: "syslog",
    transport: "tcp",
    address: "[::1]:514",
    facility: 23,
    tag: "hayate",
  }],
  [
    "syslog:udp://[::1]:1514,facility=daemon,tag=web",
    { kind: "syslog", transport: "udp", address: "[::1]:1514", facility: 3, tag: "web" },
  ],
  ["syslog:unix:/dev/log", {
    kind: "syslog",
    transport: "unix",
    address: "/dev/log",
    facility: 23,
    tag: "hayate",
  }],
];
for (const [text, expected] of targets) {
  Deno.test(`parseLogTarget() reads ${text}`, () => assertEquals(parseLogTarget(text), expected));
}

for (
  const text of [
    "",
    "|",
    "syslog:",
    "syslog:udp:h",
    "syslog:udp://h:0",
    "syslog:udp://h:99999",
    "syslog:udp://h,tag=a b",
    "syslog:udp://h,facility=x",
    "syslog:unix:rel",
    "pipe:rollback",
    "pipe:rollback a x=1",
  ]
) {
  Deno.test(`parseLogTarget() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => parseLogTarget(text), RangeError);
  });
}

import { assert, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../mod/base/errors.ts";
import {
  FileSink,
  type PipeProcess,
  PipeSink,
  type Sink,
  SyslogSink,
} from "../../../mod/log/mod.ts";
import { StreamSink } from "../../../mod/log/stream_sink.ts";

function say(sink: Sink, text: string): void {
  sink.buffer.text(`${text}\n`);
  sink.endLine();
}

function silence(): void {}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("FileSink appends, buffers, and writes at flush()", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.log`;
    await Deno.writeTextFile(path, "old\n");
    const sink = new FileSink(path, silence);
    say(sink, "one");
    assertEquals(await Deno.readTextFile(path), "old\n");
    sink.flush();
    assertEquals(await Deno.readTextFile(path), "old\none\n");
    await sink.close();
  }));

Deno.test("FileSink writes by itself once 64 KB wait", () =>
  inFolder(async (folder) => {
    const sink = new FileSink(`${folder}/a.log`, silence);
    for (let i = 0; i < 70; i++) say(sink, "x".repeat(1000));
    assert((await Deno.stat(`${folder}/a.log`)).size >= 64 * 1024);
    await sink.close();
    assertEquals((await Deno.stat(`${folder}/a.log`)).size, 70 * 1001);
  }));

Deno.test("FileSink.reopen() follows a moved file without losing lines", () =>
  inFolder(async (folder) => {
    const sink = new FileSink(`${folder}/a.log`, silence, { immediate: true });
    say(sink, "before");
    await Deno.rename(`${folder}/a.log`, `${folder}/a.log.1`);
    say(sink, "between");
    sink.reopen();
    say(sink, "after");
    await sink.close();
    assertEquals(await Deno.readTextFile(`${folder}/a.log.1`), "before\nbetween\n");
    assertEquals(await Deno.readTextFile(`${folder}/a.log`), "after\n");
  }));

Deno.test("FileSink.reopen() keeps the old file when the new one cannot be opened", () =>
  inFolder(async (folder) => {
    const complaints: string[] = [];
    await Deno.mkdir(`${folder}/logs`);
    const sink = new FileSink(`${folder}/logs/a.log`, (message) => complaints.push(message), {
      immediate: true,
    });
    await Deno.rename(`${folder}/logs`, `${folder}/moved`);
    sink.reopen();
    say(sink, "still here");
    await sink.close();
    assertEquals(await Deno.readTextFile(`${folder}/moved/a.log`), "still here\n");
    assertEquals(complaints, [
      `cannot reopen log file ${folder}/logs/a.log, still using the old one: No such file or directory`,
    ]);
  }));

Deno.test("FileSink.reopen() does nothing after close()", () =>
  inFolder(async (folder) => {
    const complaints: string[] = [];
    const sink = new FileSink(`${folder}/a.log`, (message) => complaints.push(message));
    await sink.close();
    sink.reopen();
    assertEquals(complaints, []);
  }));

Deno.test("FileSink explains in one line why a file cannot be opened", () => {
  assertThrows(
    () => new FileSink("/nonexistent/a.log", silence),
    StartError,
    "cannot open log file /nonexistent/a.log: No such file or directory",
  );
});

Deno.test("FileSink reports a full disk once and counts the lost lines", async () => {
  const complaints: string[] = [];
  const sink = new FileSink("/dev/full", (message) => complaints.push(message), {
    immediate: true,
  });
  for (let i = 0; i < 5; i++) say(sink, "lost");
  assertEquals([sink.droppedCount, complaints.length], [5, 1]);
  await sink.close();
});

/** A stream whose writes end when the test says so. */
class SlowStream {
  readonly taken: string[] = [];
  release: () => void = silence;
  async write(bytes: Uint8Array): Promise<number> {
    this.taken.push(new TextDecoder().decode(bytes));
    await new Promise<void>((resolve) => this.release = resolve);
    return bytes.length;
  }
  writeSync(bytes: Uint8Array): number {
    this.taken.push(new TextDecoder().decode(bytes));
    return bytes.length;
  }
}

Deno.test("StreamSink writes immediately to a target that cannot block", async () => {
  const stream = new SlowStream();
  const sink = new StreamSink(stream, false);
  say(sink, "a");
  assertEquals(stream.taken, ["a\n"]);
  await sink.close();
});

Deno.test("StreamSink never waits for a stopped reader and reports how many lines it dropped", async () => {
  const stream = new SlowStream();
  const sink = new StreamSink(stream, true);
  say(sink, "first");
  await Promise.resolve();
  for (let i = 0; i < 1100; i++) say(sink, "x".repeat(1023));
  assertEquals(stream.taken, ["first\n"]);
  assertEquals(sink.droppedCount, 1100 - 1024);
  const closed = sink.close();
  for (let i = 0; i < 20; i++) {
    stream.release();
    await Promise.resolve();
  }
  await closed;
  const lines = stream.taken.join("").split("\n");
  assertEquals(lines.filter((line) => line.startsWith("xxx")).length, 1024);
  assert(lines.includes("76 log lines were dropped: the reader of this stream is too slow"));
});

Deno.test("StreamSink drops a reader that has exited, without an error", () => {
  const gone = {
    write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")),
    writeSync(): number {
      throw new Deno.errors.BrokenPipe("gone");
    },
  };
  const sink = new StreamSink(gone, false);
  say(sink, "a");
  say(sink, "b");
  assertEquals(sink.droppedCount, 2);
});

/** A command that keeps what it is told. */
class FakeProcess implements PipeProcess {
  text = "";
  end: (how: string) => void = silence;
  readonly ended = new Promise<string>((resolve) => this.end = resolve);
  write(bytes: Uint8Array): Promise<void> {
    this.text += new TextDecoder().decode(bytes);
    return Promise.resolve();
  }
  closeInput(): Promise<void> {
    this.end("exit 0");
    return Promise.resolve();
  }
}

Deno.test("PipeSink writes lines to its command and closes its input at the end", async () => {
  const process = new FakeProcess();
  const sink = new PipeSink("rotatelogs x", () => process, silence);
  say(sink, "a");
  sink.flush();
  say(sink, "b");
  await sink.close();
  assertEquals(process.text, "a\nb\n");
});

Deno.test("PipeSink restarts a command that died and delivers the lines in between", async () => {
  const processes: FakeProcess[] = [];
  const complaints: string[] = [];
  let restarted: () => void = silence;
  const second = new Promise<void>((resolve) => restarted = resolve);
  const sink = new PipeSink("cat >x", () => {
    processes.push(new FakeProcess());
    if (processes.length === 2) restarted();
    return processes.at(-1) as FakeProcess;
  }, (message) => complaints.push(message));
  processes[0].end("exit 1");
  await Promise.resolve();
  say(sink, "kept");
  const alive = setTimeout(silence, 60_000);
  await second;
  clearTimeout(alive);
  await sink.close();
  assertEquals([processes.length, processes[1].text], [2, "kept\n"]);
  assertEquals(complaints, ["log command exited (exit 1), restarting it in 100 ms: cat >x"]);
});

Deno.test("PipeSink.reopen() lets the old command finish its input and starts a new one", async () => {
  const processes: FakeProcess[] = [];
  const sink = new PipeSink("x", () => {
    processes.push(new FakeProcess());
    return processes.at(-1) as FakeProcess;
  }, silence);
  say(sink, "old");
  sink.reopen();
  await processes[0].ended;
  say(sink, "new");
  await sink.close();
  assertEquals(processes.map((process) => process.text), ["old\n", "new\n"]);
});

const identity = {
  facility: 23,
  severity: 6,
  hostname: "host one",
  appName: "hayate",
  processId: 7,
};
const header = /^<190>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d hostone hayate 7 - - /;

Deno.test("SyslogSink sends one RFC 5424 message per line", async () => {
  const sent: string[] = [];
  const send = (bytes: Uint8Array) =>
    Promise.resolve(void sent.push(new TextDecoder().decode(bytes)));
  const sink = new SyslogSink({ datagram: true, send, close: silence }, identity, silence);
  say(sink, "GET /");
  say(sink, "GET /b");
  await sink.close();
  assertEquals(sent.map((text) => text.replace(header, "HEADER ")), [
    "HEADER GET /",
    "HEADER GET /b",
  ]);
});

Deno.test("SyslogSink puts the length in front on a stream (RFC 6587)", async () => {
  const sent: string[] = [];
  const send = (bytes: Uint8Array) =>
    Promise.resolve(void sent.push(new TextDecoder().decode(bytes)));
  const sink = new SyslogSink({ datagram: false, send, close: silence }, identity, silence);
  say(sink, "x\u00e9");
  await sink.close();
  const [count, message] = (sent[0] as string).split(/ (.*)/s);
  assertEquals(Number(count), new TextEncoder().encode(message).length);
});

Deno.test("SyslogSink counts what an unreachable receiver missed and reports it once", async () => {
  const complaints: string[] = [];
  const send = () => Promise.reject(new Error("refused"));
  const transport = { datagram: true, send, close: silence };
  const sink = new SyslogSink(transport, identity, (message) => complaints.push(message));
  say(sink, "a");
  say(sink, "b");
  await sink.close();
  assertEquals(sink.droppedCount, 2);
  assertEquals(complaints[0], "syslog: refused");
  assertEquals(complaints.slice(1), [
    "2 log lines were lost: the syslog receiver cannot be reached or reads too slowly",
  ]);
});

Deno.test("SyslogSink.close() does not wait for a stuck receiver and reports what is lost", async () => {
  const complaints: string[] = [];
  let reject: (error: Error) => void = silence;
  const transport = {
    datagram: false,
    send: () => new Promise<void>((_, no) => reject = no),
    close: () => reject(new Error("closed")),
  };
  const sink = new SyslogSink(transport, identity, (message) => complaints.push(message));
  for (let i = 0; i < 3; i++) say(sink, "x");
  await sink.close();
  assertEquals(sink.droppedCount, 3);
  assertEquals(complaints.map((line) => line.replace(/:.*/, "")), ["3 log lines were lost"]);
});

Deno.test("SyslogSink queues one megabyte for a slow receiver and drops the rest", async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  let sent = 0;
  const transport = { datagram: true, send: () => opened.then(() => void sent++), close: silence };
  const sink = new SyslogSink(transport, identity, silence);
  for (let i = 0; i < 300; i++) say(sink, "x".repeat(8000));
  assert(sink.droppedCount > 100 && sink.droppedCount < 200, String(sink.droppedCount));
  open();
  await sink.close();
  assertEquals(sent + sink.droppedCount, 300);
});

Deno.test("PipeSink drops what a stuck command does not read, never waits and reports it", async () => {
  const complaints: string[] = [];
  const stuck: PipeProcess = {
    write: () => new Promise(silence),
    closeInput: () => Promise.resolve(),
    ended: new Promise(silence),
  };
  const sink = new PipeSink("stuck", () => stuck, (message) => complaints.push(message));
  for (let i = 0; i < 300; i++) say(sink, "x".repeat(8000));
  assert(sink.droppedCount > 100 && sink.droppedCount < 200, String(sink.droppedCount));
  await sink.close();
  assert(complaints.includes("log command did not exit within 3000 ms: stuck"));
  const said = complaints.flatMap((line) => /^(\d+) log lines were lost: /.exec(line)?.[1] ?? []);
  assertEquals(said.reduce((sum, count) => sum + Number(count), 0), sink.droppedCount);
});

import { assert, assertEquals } from "@std/assert";
import { type PipeProcess, PipeSink } from "../../../mod/log/mod.ts";
import { say, silence } from "./sink_lines.ts";

/** A command that stores its input. */
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

Deno.test("PipeSink restarts a command whose last write fails after its death is known", async () => {
  let failWrite: (error: Error) => void = silence;
  const first = new FakeProcess();
  first.write = () => new Promise((_, reject) => failWrite = reject);
  const second = new FakeProcess();
  const started = Promise.withResolvers<void>();
  const processes = [first, second];
  const sink = new PipeSink("x", () => {
    const process = processes.shift()!;
    if (process === second) started.resolve();
    return process;
  }, silence);
  say(sink, "lost");
  sink.flush();
  say(sink, "kept");
  first.end("exit 0");
  await first.ended;
  failWrite(new Deno.errors.BrokenPipe("gone"));
  const alive = setTimeout(silence, 60_000);
  await started.promise;
  clearTimeout(alive);
  await sink.close();
  assertEquals([second.text, sink.droppedCount], ["kept\n", 1]);
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

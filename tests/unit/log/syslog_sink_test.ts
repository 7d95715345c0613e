import { assert, assertEquals } from "@std/assert";
import { SyslogSink } from "../../../mod/log/mod.ts";
import { say, silence } from "./sink_lines.ts";

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

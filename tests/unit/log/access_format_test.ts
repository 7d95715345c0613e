import { assertEquals, assertThrows } from "@std/assert";
import {
  type AccessRecord,
  compileAccessFormat,
  type Escape,
  LineBuffer,
  strftime,
} from "../../../mod/log/mod.ts";
import { sampleRecord } from "./sample_record.ts";

function lineOf(format: string, escape?: Escape, changes: Partial<AccessRecord> = {}): string {
  const out = new LineBuffer(16);
  compileAccessFormat(format, escape).write(out, sampleRecord(changes));
  const text = new TextDecoder().decode(out.view());
  assertEquals(text.at(-1), "\n");
  return text.slice(0, -1);
}

const received = new Date(1795444852123);

const conversions: readonly [string, string][] = [
  ["%% 100%%", "% 100%"],
  ["%A", "127.0.0.1"],
  ["%b", "6"],
  ["%H", "HTTP/1.1"],
  ["%h", "192.0.2.1"],
  ["%l %u", "- -"],
  ["%m", "GET"],
  ["%p %{local}p %{remote}p", "8080 8080 40001"],
  ["%q", "?x=1&y"],
  ["%U%q", "/a/b?x=1&y"],
  ["%r", "GET /a/b?x=1&y HTTP/1.1"],
  ["%s %>s %<s", "200 200 404"],
  ["%t", strftime("[%d/%b/%Y:%H:%M:%S %z]", received)],
  ["%{%Y-%m-%dT%H:%M:%S}t", strftime("%Y-%m-%dT%H:%M:%S", received)],
  ["%{sec}t %{msec}t %{usec}t", "1795444852 1795444852123 1795444852123456"],
  ["%{msec_frac}t.%{usec_frac}t", "123.123456"],
  ["%V %v", "example.org:8080 example.org"],
  ["%{Referer}i %{X-None}i", "http://e/ -"],
  ["%{Content-Type}o %<{Content-Type}o %{x}o", "text/plain text/html -"],
  ["%{TEAM}e %{team}e", "blue -"],
  [
    "%{duration}x %{total-time}x %{process-time}x %{connect-time}x %{response-time}x",
    "1.500000 1.500000 0.000123 0 -",
  ],
  ["%{connection-id}x %{http1.request-index}x", "42 3"],
  ["%{request-body-bytes}x %{response-header-bytes}x", "17 120"],
  ["%{proxy.response-bytes}x %{proxy.request-bytes}x %{proxy.total-time}x", "321 0 -"],
  ["%{ssl.protocol-version}x %{ssl.cipher}x %{proxy.ssl.cipher}x", "TLSv1.3 - -"],
  [
    "%{upstream-name}x %{upstream-addr}x %{upstream-tries}x %{upstream-status}x",
    "app 127.0.0.1:81 2 -",
  ],
  ["%{http2.stream-id}x %{who-knows}x", "- -"],
  ["only text", "only text"],
  ["", ""],
];
for (const [format, expected] of conversions) {
  Deno.test(`compileAccessFormat() writes ${JSON.stringify(format)}`, () =>
    assertEquals(lineOf(format), expected));
}

Deno.test("compileAccessFormat() escapes what a peer sent as h2o does", () => {
  assertEquals(lineOf('"%{User-Agent}i"'), String.raw`"cu\x22rl\\x7e\xe9\x0a"`);
  assertEquals(lineOf('"%{User-Agent}i"', "json"), '"cu\\"rl\\\\\\u007e\\u00e9\\u000a"');
  assertEquals(
    lineOf("%r", "apache", { target: "/\u2026}" }),
    "GET /\\xe2\\x80\\xa6\\x7d HTTP/1.1",
  );
});

Deno.test("compileAccessFormat() writes null without its quotes in JSON", () => {
  assertEquals(
    lineOf(`{"a":"%{None}i","b":"%h","c":%{proxy.total-time}x,"d":"x%{None}i",'e':'%u'}`, "json"),
    `{"a":null,"b":"192.0.2.1","c":null,"d":"xnull",'e':null}`,
  );
});

Deno.test("compileAccessFormat() writes - for a connection that sent no request", () => {
  const changes = {
    method: "",
    target: "",
    protocol: "",
    status: 0,
    remoteAddress: () => null,
    remotePort: () => null,
  };
  assertEquals(lineOf('%h %{remote}p %m %U %H %s "%r"', "apache", changes), '- - - - - - "-"');
});

Deno.test("compileAccessFormat() knows combined, common, json and ltsv by name", () => {
  const time = strftime("[%d/%b/%Y:%H:%M:%S %z]", received);
  assertEquals(lineOf("common"), `192.0.2.1 - - ${time} "GET /a/b?x=1&y HTTP/1.1" 200 6`);
  const changes = { requestField: () => null };
  assertEquals(lineOf("combined", "apache", changes), `${lineOf("common")} "-" "-"`);
  const parsed = JSON.parse(lineOf("json"));
  assertEquals(parsed.status, 200);
  assertEquals(parsed.user_agent, 'cu"rl\\~\xe9\n');
  assertEquals(parsed.upstream_time, null);
  assertEquals(new Date(parsed.time).getTime(), 1795444852123);
  const ltsv = Object.fromEntries(
    lineOf("ltsv").split("\t").map((pair) => pair.split(/:(.*)/s).slice(0, 2)),
  );
  assertEquals([ltsv.host, ltsv.uri, ltsv.status], ["192.0.2.1", "/a/b?x=1&y", "200"]);
});

Deno.test("compileAccessFormat() lists the fields that the caller must keep", () => {
  const format = compileAccessFormat("%{Referer}i %{X-A}i %{referer}i %{Age}o");
  assertEquals([format.requestFields, format.responseFields], [["referer", "x-a"], ["age"]]);
});

Deno.test("compileAccessFormat() lists what must be measured, without what costs nothing", () => {
  const rows: [string, string[]][] = [
    ["combined", []],
    ["json", ["host"]],
    ["%{duration}x %{connect-time}x %{proxy.total-time}x %{upstream-addr}x", []],
    ["%{Age}o", ["head"]],
    ["%{process-time}x", ["head"]],
    ["%<{Age}o", ["head", "original"]],
    ["%<s", ["original"]],
    ["%{ssl.cipher}x %{proxy.ssl.cipher}x", ["tls", "upstreamTls"]],
  ];
  for (const [format, needs] of rows) {
    assertEquals([...compileAccessFormat(format).needs], needs, format);
  }
});

const faults: readonly [string, string][] = [
  ["%Z", "unknown conversion %Z"],
  ["%{abc", "%{abc has no closing brace"],
  ["%{a}", "%{a} at the end has no letter"],
  ["%", "% at the end has no letter"],
  ["%{a}q", "%{a}q: the letter after the brace must be i, o, e, t, x or p"],
  ["%{far}p", "unknown %{far}p"],
];
for (const [format, message] of faults) {
  Deno.test(`compileAccessFormat() refuses ${format}`, () => {
    assertThrows(() => compileAccessFormat(format), RangeError, message);
  });
}

Deno.test("compileAccessFormat() writes a new time each second", () => {
  const format = compileAccessFormat("%{%s}t");
  const out = new LineBuffer();
  for (const receivedAtMs of [1000, 1999.9, 2000, 1000]) {
    format.write(out, sampleRecord({ receivedAtMs }));
  }
  assertEquals(new TextDecoder().decode(out.view()), "1\n1\n2\n1\n");
});

Deno.test("LineBuffer.number() writes whole numbers up to 2^53", () => {
  for (const value of [0, 7, 10, 99, 100, 65_535, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
    const out = new LineBuffer(1);
    out.number(value);
    assertEquals(new TextDecoder().decode(out.view()), String(value));
  }
});

Deno.test("compileAccessFormat() writes the line that h2o 2.2.5 wrote for the same exchange", () => {
  const fields: Readonly<Record<string, string>> = {
    "referer": "http://r/",
    "x-u": 'a"b\\c~}\xc3\xa9',
  };
  const changes: Partial<AccessRecord> = {
    target: "/?a=1%20b",
    authority: "127.0.0.1:28932",
    hostName: "default",
    responseBodyBytes: 3,
    receivedAtMs: 1795444852078.4,
    requestIndex: 1,
    connectionId: 1,
    remoteAddress: () => "127.0.0.1",
    localPort: () => 28932,
    requestField: (name) => fields[name] ?? null,
    responseField: (name) => name === "content-type" ? "text/html" : null,
    timingMs: (timing) => timing.startsWith("proxy.") ? -1 : 0,
    variable: () => null,
  };
  assertEquals(
    lineOf(
      "%h|%l|%u|%r|%s|%b|%H|%m|%p|%q|%U|%V|%v|%{Referer}i|%{x-u}i|%{Content-type}o|%{FOO}e|%{connect-time}x|" +
        "%{duration}x|%{http1.request-index}x|%{connection-id}x|%{error}x|%{ssl.cipher}x|%{proxy.total-time}x|%{msec_frac}t",
      "apache",
      changes,
    ),
    "127.0.0.1|-|-|GET /?a=1%20b HTTP/1.1|200|3|HTTP/1.1|GET|28932|?a=1%20b|/|127.0.0.1:28932|default|http://r/|" +
      String.raw`a\x22b\c\x7e\x7d\xc3\xa9|text/html|-|0|0|1|1||-|-|078`,
  );
});

import { assertEquals } from "@std/assert";
import { LogLine } from "../../../../mod/load/replay/log_line.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const line = new LogLine();

/** Time, method and target of a line; null: it is no request. */
function read(text: string): string | null {
  const bytes = encoder.encode(`xx${text}yy`);
  if (!line.read(bytes, 2, bytes.length - 2)) return null;
  const part = (start: number, end: number) => decoder.decode(line.bytes.slice(start, end));
  const method = part(line.methodStart, line.methodEnd);
  const target = part(line.targetStart, line.targetEnd);
  return `${new Date(line.timeMs).toISOString()} ${line.stepMs} ${method} ${target}`;
}

const at = "2026-01-31T11:00:09.000Z 1000";
const rows: readonly [text: string, expected: string | null][] = [
  // nginx, combined
  [
    '203.0.113.9 - - [31/Jan/2026:12:00:09 +0100] "GET /a?b=c HTTP/1.1" 200 612 "-" "curl/8"',
    `${at} GET /a?b=c`,
  ],
  // Apache, common, with a user
  [
    '::1 - frank [31/Jan/2026:11:00:09 +0000] "POST /apache_pb.gif HTTP/1.0" 200 2326',
    `${at} POST /apache_pb.gif`,
  ],
  // h2o's default, over HTTP/2; a user with a bracket
  [
    '10.0.0.1 - [x] [31/Jan/2026:03:00:09 -0800] "HEAD / HTTP/2" 304 - "http://r/" "a \\"b\\""',
    `${at} HEAD /`,
  ],
  // Apache's vhost_combined, and fields behind
  [
    'www:443 1.2.3.4 - - [31/Jan/2026:11:00:09 +0000] "DELETE /x HTTP/1.1" 204 0 "-" "-" 0.005 [a]',
    `${at} DELETE /x`,
  ],
  [
    '1.2.3.4 - - [31/Jan/2026:11:00:09 +0000] "GET /q?a=\\x22b\\x22&c=\\"d\\" HTTP/1.1" 200 1',
    `${at} GET /q?a="b"&c="d"`,
  ],
  // hayate proxy, json and ltsv
  [
    '{"time":"2026-01-31T12:00:09.250+0100","remote":"::1","method":"GET","target":"/j?k"}',
    "2026-01-31T11:00:09.250Z 1 GET /j?k",
  ],
  ['{"time_local":"31/Jan/2026:12:00:09 +0100","request":"PUT /n HTTP/1.1"}', `${at} PUT /n`],
  ['{"msec":1769857209.125,"request_method":"GET","uri":"/"}', "2026-01-31T11:00:09.125Z 1 GET /"],
  [
    "time:[31/Jan/2026:12:00:09 +0100]\thost:::1\tmethod:GET\turi:/l?m\tprotocol:HTTP/1.1",
    `${at} GET /l?m`,
  ],
  ["", null],
  ["no time in it", null],
  ['- - - [31/Foo/2026:12:00:09 +0100] "GET / HTTP/1.1" 200', null],
  ['- - - [31/Jan/2026:12:00:09 +0100] "-" 400 0', null],
  ['- - - [31/Jan/2026:12:00:09 +0100] "" 400 0', null],
  ['- - - [31/Jan/2026:12:00:09 +0100] "GET /" 400 0', null],
  ['- - - [31/Jan/2026:12:00:09 +0100] "CONNECT a:443 HTTP/1.1" 400 0', null],
  ['- - - [31/Jan/2026:12:00:09 +0100] "\\x16\\x03\\x01 \\x02" 400 0', null],
  ['- - - [31/Jan/2026:12:00:09 +0100] "GET /a b HTTP/1.1" 400 0', null],
  ['- - - [31/Jan/2026:12:00:09 +0100] "GET /\\x0d\\x0aX: y HTTP/1.1" 400 0', null],
  ['- - - [31/Jan/2026:12:00:09 +0100] "GET /open', null],
  ['{"time":"soon","method":"GET","target":"/"}', null],
  ['{"time":"2026-01-31T12:00:09Z"}', null],
  ['{"broken', null],
];

for (const [text, expected] of rows) {
  Deno.test(`LogLine reads ${text.slice(0, 100)}`, () => assertEquals(read(text), expected));
}

import { answered, refusedLate, row } from "./rows.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\n";
const te = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const long = "a".repeat(8192 - "GET / HTTP/1.1".length);
const tooLong = ["414 close", "400 close", "close"];
const tooLarge = ["431 close", "400 close", "close"];

function fields(count: number): string {
  let text = "";
  for (let i = 0; i < count; i++) text += `X${i}: ${i}\r\n`;
  return text;
}

/** Rows at the edge of `defaultLimits`. The RFCs set no limits, but require these responses. */
export const limitRows = [
  row("a request line of 8000 bytes", "9112 3", `GET /${"a".repeat(7985)} HTTP/1.1\r\nHost: a\r\n\r\n`, `GET /${"a".repeat(7985)}`, answered),
  row("the longest request line", "9112 3", `GET /${long} HTTP/1.1\r\nHost: a\r\n\r\n`, `GET /${long}`, [...answered, ...tooLong]),
  row("a request line one byte too long", "9112 3", `GET /${long}a HTTP/1.1\r\nHost: a\r\n\r\n`, "fault requestLineTooLong", [...answered, ...tooLong]),
  row("a request line of 20000 bytes", "9110 15.5.15", `GET /${"a".repeat(20000)} HTTP/1.1\r\nHost: a\r\n\r\n`, "fault requestLineTooLong", tooLong),
  row("a request line without end", "9110 15.5.15", `GET /${"a".repeat(20000)}`, "fault requestLineTooLong", tooLong),
  row("a method without end", "9112 3", "A".repeat(20000), "fault requestLineTooLong", ["414 close", "501 close", "400 close", "close"]),
  row("100 fields", "9110 5.4", `${get}${fields(99)}\r\n`, "GET /", answered),
  // A proxy in front adds its own fields, which may be too many for its upstream.
  row("128 fields", "9110 5.4", `${get}${fields(127)}\r\n`, "GET /", [...answered, ...tooLarge, "431 next"]),
  row("129 fields", "9110 5.4", `${get}${fields(128)}\r\n`, "fault tooManyFields", [...answered, ...tooLarge]),
  row("2000 fields", "6585 5", `${get}${fields(2000)}\r\n`, "fault tooManyFields", tooLarge),
  row("fields without end", "6585 5", `${get}${fields(2000)}`, "fault tooManyFields", tooLarge),
  row("a field of 16 KB", "9110 5.4", `${get}Cookie: ${"c".repeat(16000)}\r\n\r\n`, "GET /", [...answered, ...tooLarge]),
  row("a field of 100 KB", "6585 5", `${get}Cookie: ${"c".repeat(100000)}\r\n\r\n`, "fault headTooLong", tooLarge),
  row("a field without end", "6585 5", `${get}Cookie: ${"c".repeat(100000)}`, "fault headTooLong", tooLarge),
  row("a name without end", "6585 5", `${get}${"n".repeat(100000)}`, "fault headTooLong", tooLarge),
  row("blanks before a value without end", "6585 5", `${get}X:${" ".repeat(100000)}`, "fault headTooLong", tooLarge),
  row("extensions of 20000 bytes in one chunk", "9112 7.1.1", `${te}1;${"e".repeat(20000)}\r\na\r\n0\r\n\r\n`, "fault chunkExtensionTooLong", [...refusedLate, "413 close"]),
  row("extensions of 20000 bytes in many chunks", "9112 7.1.1", `${te}${`1;${"e".repeat(99)}\r\na\r\n`.repeat(200)}0\r\n\r\n`, "fault chunkExtensionTooLong", [...refusedLate, "413 close"]),
  row("blanks after a chunk size without end", "9112 7.1.1", `${te}1${" ".repeat(20000)}`, "fault chunkExtensionTooLong", [...refusedLate, "413 close"]),
  row("a trailer section of 10000 bytes", "9112 7.1.2", `${te}0\r\nX: ${"t".repeat(10000)}\r\n\r\n`, "fault trailerTooLong", [...tooLarge, "413 close", "any close"]),
  row("100 trailer fields", "9112 7.1.2", `${te}0\r\n${fields(100)}\r\n`, "fault trailerTooLong", [...tooLarge, "413 close", "any close"]),
  row("2000 chunks of one byte", "9112 7.1", `${te}${"1\r\na\r\n".repeat(2000)}0\r\n\r\n`, `POST / [${"a".repeat(2000)}]`, answered),
];

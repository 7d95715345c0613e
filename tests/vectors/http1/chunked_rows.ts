/**
 * Chunked bodies (RFC 9112 7.1) under `chunkedLimits`: the bytes after a head, and the data, the
 * trailer fields (`Name: value`) and the bytes left over, or the fault.
 */
export interface ChunkedRow {
  readonly name: string;
  readonly bytes: string;
  /** Data before the fault, or all of it. */
  readonly data: string;
  readonly trailers: readonly string[];
  readonly leftover: string;
  /** A key of `Fault`, "" for a valid body, "partial" for an incomplete one. */
  readonly fault: string;
}

/** Small ones, so that rows can reach them. */
export const chunkedLimits = {
  startLineBytesMax: 64,
  headBytesMax: 256,
  fieldsMax: 4,
  chunkExtensionBytesMax: 10,
  trailerBytesMax: 40,
  trailerFieldsMax: 2,
};

function valid(name: string, bytes: string, data: string, leftover = "", trailers: readonly string[] = []): ChunkedRow {
  return { name, bytes, data, trailers, leftover, fault: "" };
}

function broken(name: string, bytes: string, fault: string, data = ""): ChunkedRow {
  return { name, bytes, data, trailers: [], leftover: "", fault };
}

export const chunkedRows: readonly ChunkedRow[] = [
  valid("nothing", "0\r\n\r\n", ""),
  valid("one chunk", "3\r\nabc\r\n0\r\n\r\n", "abc"),
  valid("two chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
  valid("data that looks like chunks", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
  valid("what follows is left", "1\r\na\r\n0\r\n\r\nGET /", "a", "GET /"),
  valid("an empty line that follows is left", "0\r\n\r\n\r\n", "", "\r\n"),
  valid("another body that follows is left", "0\r\n\r\n0\r\n\r\n", "", "0\r\n\r\n"),
  valid("hex digits in both cases", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
  valid("sixteen digits", "0000000000000003\r\nabc\r\n0000000000000000\r\n\r\n", "abc"),
  valid("an extension", "3;a=b\r\nabc\r\n0\r\n\r\n", "abc"),
  valid("an empty extension", "3;\r\nabc\r\n0\r\n\r\n", "abc"),
  valid("extensions up to the limit", "3;56789\r\nabc\r\n0;321\r\n\r\n", "abc"),
  valid("white space before an extension", "3 \t;a\r\nabc\r\n0\r\n\r\n", "abc"),
  valid("white space before an extension up to the limit", "3         ;\r\nabc\r\n0\r\n\r\n", "abc"),
  valid("a trailer", "0\r\nA: b\r\n\r\n", "", "", ["A: b"]),
  valid("a trailer with white space around its value", "0\r\nA: \tb c\t \r\n\r\n", "", "", ["A: b c"]),
  valid("a trailer without a value", "0\r\nA:\r\n\r\n", "", "", ["A: "]),
  valid("two trailers, and what follows", "1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\nrest", "a", "rest", ["A: b", "C: d"]),
  valid("framing trailers are dropped", "0\r\nHost: x\r\ncontent-LENGTH: 4\r\n\r\n", ""),
  valid("trailers up to the byte limit", `0\r\nA: ${"b".repeat(33)}\r\n\r\n`, "", "", [`A: ${"b".repeat(33)}`]),

  broken("not even a size", "", "partial"),
  broken("half a size", "1", "partial"),
  broken("half a size line", "1\r", "partial"),
  broken("half the data", "3\r\nab", "partial", "ab"),
  broken("half the line end after data", "3\r\nabc\r", "partial", "abc"),
  broken("no last chunk", "3\r\nabc\r\n", "partial", "abc"),
  broken("half the last line", "0\r\n\r", "partial"),
  broken("half a trailer", "0\r\nA: b\r\n", "partial"),
  broken("no digit", "\r\n", "chunkSize"),
  broken("a bare LF first", "\n", "chunkSize"),
  broken("a semicolon first", ";a\r\n", "chunkSize"),
  broken("a blank first", " 3\r\nabc\r\n", "chunkSize"),
  broken("a letter that is not a digit", "g\r\n", "chunkSize"),
  broken("a letter after a digit", "3g\r\n", "chunkSize"),
  broken("0x", "0x3\r\nabc\r\n", "chunkSize"),
  broken("a high byte", "\xff\r\n", "chunkSize"),
  broken("a blank after the size", "3 \r\nabc\r\n", "chunkSize"),
  broken("a letter after the blank", "3 a\r\nabc\r\n", "chunkSize"),
  broken("a bare LF after the size", "3\nabc\r\n", "chunkSize"),
  broken("a bare CR after the size", "3\rabc\r\n", "chunkSize"),
  broken("CR CR LF after the size", "3\r\r\nabc\r\n", "chunkSize"),
  broken("seventeen digits", "00000000000000003\r\nabc\r\n", "chunkSize"),
  broken("2^53", "20000000000000\r\n", "chunkSize"),
  broken("2^64-1", "ffffffffffffffff\r\n", "chunkSize"),
  broken("2^53-1 is waited for", "1fffffffffffff\r\nabc", "partial", "abc"),
  broken("a bare LF in an extension", "3;a\nabc\r\n", "chunkSize"),
  broken("a bare CR in an extension", "3;a\rb\r\nabc\r\n", "chunkSize"),
  broken("a control byte in an extension", "3;\x01\r\nabc\r\n", "chunkSize"),
  broken("an extension that is too long", "3;0123456789a\r\nabc\r\n", "chunkExtensionTooLong"),
  broken("extensions that are too long together", "1;1234\r\na\r\n1;1234\r\nb\r\n1;\r\nc\r\n", "chunkExtensionTooLong", "ab"),
  broken("white space that is too long", "3           ;\r\nabc\r\n", "chunkExtensionTooLong"),
  broken("white space one byte too long", "3          ;\r\nabc\r\n", "chunkExtensionTooLong"),
  broken("no line end after data", "3\r\nabc0\r\n\r\n", "chunkEnd", "abc"),
  broken("one byte too many", "3\r\nabcd\r\n0\r\n\r\n", "chunkEnd", "abc"),
  broken("one byte too few", "3\r\nab\r\n0\r\n\r\n", "chunkEnd", "ab\r"),
  broken("a bare LF after data", "3\r\nabc\n0\r\n\r\n", "chunkEnd", "abc"),
  broken("a bare CR after data", "3\r\nabc\r0\r\n\r\n", "chunkEnd", "abc"),
  broken("a fault in the second size", "3\r\nabc\r\nx\r\n", "chunkSize", "abc"),
  broken("a bare LF after the last chunk", "0\r\n\n", "trailer"),
  broken("a bare CR after the last chunk", "0\r\n\rX", "trailer"),
  broken("a trailer without a colon", "0\r\nabc\r\n\r\n", "trailer"),
  broken("a trailer without a name", "0\r\n: b\r\n\r\n", "trailer"),
  broken("a blank before a trailer", "0\r\n A: b\r\n\r\n", "trailer"),
  broken("a blank before a trailer's colon", "0\r\nA : b\r\n\r\n", "trailer"),
  broken("a bare LF after a trailer", "0\r\nA: b\n\r\n", "trailer"),
  broken("a bare CR in a trailer", "0\r\nA: b\rc\r\n\r\n", "trailer"),
  broken("a NUL in a trailer", "0\r\nA: \0\r\n\r\n", "trailer"),
  broken("a trailer section that is too long", `0\r\nA: ${"b".repeat(34)}\r\n\r\n`, "trailerTooLong"),
  broken("too many trailers", "0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", "trailerTooLong"),
  broken("dropped trailers count", "0\r\nHost: b\r\nHost: d\r\nHost: f\r\n\r\n", "trailerTooLong"),
];

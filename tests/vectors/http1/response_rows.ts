import { Method } from "../../../mod/http/mod.ts";

/**
 * Bytes that a server sends on a connection before it closes it, and what our codec reads in them:
 * `200 [data] {Trailer: value}`, ` close` when the connection does not survive; see `rows.ts`.
 */
export interface ResponseRow {
  readonly name: string;
  /** RFC and section. */
  readonly section: string;
  /** Method of the requests. */
  readonly method: Method;
  readonly bytes: string;
  readonly reads: readonly string[];
  readonly leftover: string;
}

function row(
  name: string,
  section: string,
  bytes: string,
  reads: string | readonly string[],
  method: Method = Method.get,
  leftover = "",
): ResponseRow {
  return { name, section, method, bytes, reads: typeof reads === "string" ? [reads] : reads, leftover };
}

const ok = "HTTP/1.1 200 OK\r\n";
const te = `${ok}Transfer-Encoding: chunked\r\n`;
const next = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";

export const responseRows: readonly ResponseRow[] = [
  // Framing.
  row("content of a length", "9112 6.3", `${ok}Content-Length: 5\r\n\r\nhello`, "200 [hello]"),
  row("a length of zero", "9112 6.3", `${ok}Content-Length: 0\r\n\r\n`, "200"),
  row("what follows content is the next response", "9112 9.3.2", `${ok}Content-Length: 5\r\n\r\nhello${next}`, ["200 [hello]", "201"]),
  row("chunked", "9112 7.1", `${te}\r\n5\r\nhello\r\n0\r\n\r\n${next}`, ["200 [hello]", "201"]),
  row("chunked with trailers", "9112 7.1.2", `${te}\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n`, "200 [hello] {X: y}"),
  row("framing fields in the trailer section are dropped", "9110 6.5.1", `${te}\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: gzip\r\nSet-Cookie: a=b\r\n\r\n`, "200"),
  row("neither length nor chunked: up to the end", "9112 6.3", `${ok}\r\nhello`, "200 [hello] close"),
  row("up to the end, and nothing comes", "9112 6.3", `${ok}\r\n`, "200 close"),
  row("up to the end takes what looks like a response", "9112 6.3", `${ok}\r\n${next}`, `200 [${next}] close`),
  row("content cut off", "9112 8", `${ok}Content-Length: 9\r\n\r\nhello`, "partial body"),
  row("chunks cut off", "9112 8", `${te}\r\n5\r\nhello\r\n0\r\n`, "partial body"),
  row("a head cut off", "9112 8", `${ok}Content-Le`, "partial head", Method.get, `${ok}Content-Le`),
  row("HEAD has no content", "9112 6.3", `${ok}Content-Length: 5\r\n\r\n${next}`, ["200", "201"], Method.head),
  row("HEAD has no chunks", "9112 6.3", `${te}\r\n${next}`, ["200", "201"], Method.head),
  row("HEAD without a length survives", "9112 6.3", `${ok}\r\n${next}`, ["200", "201"], Method.head),
  row("204 has no content", "9112 6.3", `HTTP/1.1 204 No Content\r\n\r\n${next}`, ["204", "201"]),
  row("204 with a length is in doubt", "9110 8.6", `HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello`, "204 close", Method.get, "hello"),
  row("204 with chunks is in doubt", "9112 6.1", `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "204 close", Method.get, "0\r\n\r\n"),
  row("204 with a length of zero", "9110 8.6", `HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n${next}`, ["204", "201"]),
  row("304 has no content, regardless of its length", "9110 15.4.5", `HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n${next}`, ["304", "201"]),
  row("100, then the final response", "9110 15.2.1", `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 5\r\n\r\nhello`, ["100", "200 [hello]"]),
  row("103 with fields, then the final response", "8297 2", `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${next}`, ["103", "201"]),
  row("a tunnel has no content", "9112 6.3", `${ok}\r\nraw bytes`, ["200", "fault statusLine"], Method.connect),
  row("a refused tunnel has content", "9110 9.3.6", `HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno`, "403 [no]", Method.connect),
  row("a tunnel that is redirected has content", "9110 9.3.6", `HTTP/1.1 300 Multiple Choices\r\nContent-Length: 2\r\n\r\nno`, "300 [no]", Method.connect),
  row("length and chunked", "9112 6.3", `${te}Content-Length: 5\r\n\r\n0\r\n\r\n`, "fault lengthAndChunked"),
  row("two lengths", "9112 6.3", `${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`, "fault contentLengthRepeated"),
  row("two equal lengths", "9112 6.3", `${ok}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, "fault contentLengthRepeated"),
  row("a list of lengths", "9112 6.3", `${ok}Content-Length: 5, 5\r\n\r\nhello`, "fault contentLength"),
  row("a length with a sign", "9110 8.6", `${ok}Content-Length: +5\r\n\r\nhello`, "fault contentLength"),
  row("an empty length", "9110 8.6", `${ok}Content-Length:\r\n\r\n`, "fault contentLength"),
  row("a length of 2^53", "9110 8.6", `${ok}Content-Length: 9007199254740992\r\n\r\n`, "fault contentLength"),
  row("the largest length", "9110 8.6", `${ok}Content-Length: 9007199254740991\r\n\r\nx`, "partial body"),
  row("an unknown coding", "9112 6.1", `${ok}Transfer-Encoding: gzip\r\n\r\n`, "fault transferEncodingUnknown"),
  row("unrequested gzip before chunked", "9112 6.1", `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, "fault transferEncodingUnknown"),
  row("chunked twice", "9112 7", `${te}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "fault transferEncoding"),
  row("chunked in HTTP/1.0", "9112 6.1", `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "fault transferEncodingVersion"),
  row("a chunk size that is not a number", "9112 7.1", `${te}\r\nz\r\n`, "fault chunkSize"),
  row("a bare LF after a chunk size", "9112 7.1", `${te}\r\n5\nhello\r\n0\r\n\r\n`, "fault chunkSize"),

  // Persistence.
  row("Connection: close", "9112 9.3", `${ok}Connection: close\r\nContent-Length: 2\r\n\r\nokmore`, "200 [ok] close", Method.get, "more"),
  row("HTTP/1.0 closes", "9112 9.3", `HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nokmore`, "200 1.0 [ok] close", Method.get, "more"),
  row("HTTP/1.0 with keep-alive", "9112 9.3", `HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok${next}`, ["200 1.0 [ok]", "201"]),
  row("keep-alive without a length cannot hold", "9112 9.3", `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nok`, "200 1.0 [ok] close"),

  // Status line.
  row("no reason", "9112 4", `HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n`, "200"),
  row("no reason and no blank", "9112 4", `HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n`, "200"),
  row("a reason of obs-text", "9112 4", `HTTP/1.1 200 \xc3\xa9\t!\r\nContent-Length: 0\r\n\r\n`, "200"),
  row("an unregistered status", "9110 15", `HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n`, "799"),
  row("a status of two digits", "9112 4", `HTTP/1.1 20 OK\r\n\r\n`, "fault statusLine"),
  row("a status of four digits", "9112 4", `HTTP/1.1 2000 OK\r\n\r\n`, "fault statusLine"),
  row("a status that begins with zero", "9112 4", `HTTP/1.1 020 OK\r\n\r\n`, "fault statusLine"),
  row("a status of letters", "9112 4", `HTTP/1.1 abc OK\r\n\r\n`, "fault statusLine"),
  row("two blanks before the status", "9112 4", `HTTP/1.1  200 OK\r\n\r\n`, "fault statusLine"),
  row("a control byte in the reason", "9112 4", `HTTP/1.1 200 O\x01K\r\n\r\n`, "fault statusLine"),
  row("a bare CR in the reason", "9112 2.2", `HTTP/1.1 200 O\rK\r\n\r\n`, "fault bareCarriageReturn"),
  // nginx, h2o and HAProxy accept LF as a line end in the heads of their origins.
  row("a bare LF after the status line", "9112 2.2", `HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n`, "200"),
  row("a bare LF after every line", "9112 2.2", `HTTP/1.1 200 OK\nX: y\nContent-Length: 2\n\nok`, "200 [ok]"),
  row("a bare LF after a status line without reason", "9112 2.2", `HTTP/1.1 200\nContent-Length: 2\n\nok`, "200 [ok]"),
  row("a bare LF after a value with blanks", "9112 2.2", `${ok}X: y \t\nContent-Length: 2 \n\r\nok`, "200 [ok]"),
  row("a bare LF after an interim head", "9112 2.2", `HTTP/1.1 103 Early Hints\nLink: x\n\n${next}`, ["103", "201"]),
  row("a bare LF after the head of a chunked response", "9112 7.1", `HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\r\nok\r\n0\r\n\r\n`, "200 [ok]"),
  row("a bare LF after a trailer field", "9112 7.1.2", `${te}\r\n2\r\nok\r\n0\r\nX: y\n\r\n`, "fault trailer"),
  row("HTTP/2.0", "9112 4", `HTTP/2.0 200 OK\r\n\r\n`, "fault versionUnsupported"),
  row("a later minor version", "9110 2.5", `HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n`, "200"),
  row("a minor version that is not a digit", "9112 4", `HTTP/1.x 200 OK\r\n\r\n`, "fault statusLine"),
  row("a minor version of two digits", "9112 4", `HTTP/1.10 200 OK\r\n\r\n`, "fault statusLine"),
  row("a dash after the version", "9112 4", `HTTP/1.1-200 OK\r\n\r\n`, "fault statusLine"),
  row("another protocol", "9112 4", `ICY 200 OK\r\n\r\n`, "fault statusLine"),
  row("an empty line in front", "9112 2.2", `\r\n${next}`, "fault statusLine"),
  row("no head at all", "9112 4", `<html>hello</html>`, "fault statusLine"),

  // Fields.
  row("a blank before the colon", "9112 5.1", `${ok}X : y\r\n\r\n`, "fault fieldName"),
  row("a folded line", "9112 5.2", `${ok}X: y\r\n z\r\n\r\n`, "fault obsFold"),
  row("a bare CR in a value", "9112 2.2", `${ok}X: a\rb\r\n\r\n`, "fault bareCarriageReturn"),
  row("a NUL in a value", "9110 5.5", `${ok}X: a\0b\r\n\r\n`, "fault fieldValue"),
  row("a bare LF as the empty line", "9112 2.2", `${ok}Content-Length: 0\r\n\n`, "200"),
  row("Host fields mean nothing here", "9110 7.2", `${ok}Host: a b\r\nHost: c\r\nContent-Length: 0\r\n\r\n`, "200"),
  row("129 fields", "9110 5.4", `${ok}${"X: y\r\n".repeat(129)}\r\n`, "fault tooManyFields"),
  row("a status line without end", "9112 4", `HTTP/1.1 200 ${"x".repeat(20000)}`, "fault headTooLong"),
  row("a head without end", "9110 5.4", `${ok}X: ${"x".repeat(70000)}`, "fault headTooLong"),
];

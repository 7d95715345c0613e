/**
 * Requests over HTTP/2, and the bytes that a proxy sends to an HTTP/1.1 upstream for them. Whatever
 * the upstream could read as two requests, or as one that ends elsewhere, must not reach it.
 *
 * By the section of RFC 9113 that decides, or of RFC 9112 for what is written.
 */
import {
  block,
  data,
  end,
  endHeaders,
  frame,
  getFields,
  padded,
  postFields,
  reset,
  Type,
  whole,
} from "./wire.ts";

export interface DowngradeRow {
  readonly rule: string;
  /** On stream 1, after the preface and SETTINGS. */
  readonly frames: readonly Uint8Array[];
  /**
   * What reaches the upstream, `nothing` or the request without the fields that the proxy adds to
   * all; it ends with `cut` if the proxy closes the connection before the request is complete.
   */
  readonly upstream: string;
  /**
   * What the client gets: a status or the code of a reset. `gone`: it resets the stream itself;
   * `any`: the answer to the part that was complete may be faster than the rest.
   */
  readonly client: string;
}

type Fields = readonly (readonly [name: string, value: string])[];

/** Where a request hides in another one. */
const hidden = "GET /hidden HTTP/1.1\r\nHost: a.example\r\n\r\n";
const crlf = "\r\n";

/** Fields with one pseudo field replaced. */
const instead = (name: string, value: string, fields: Fields = getFields): Fields =>
  fields.map((field) => field[0] === name ? [name, value] as const : field);
const without = (name: string): Fields => getFields.filter((field) => field[0] !== name);
const headers = (flags: number, fields: Fields) => frame(Type.headers, flags, 1, block(...fields));

/** A head as the upstream reads it. */
const head = (line: string, ...fields: string[]) =>
  [line, ...fields, "", ""].join(crlf);
const forwarded = (...fields: string[]) => head("GET / HTTP/1.1", "host: a.example", ...fields);
const posted = (...fields: string[]) => head("POST / HTTP/1.1", "host: a.example", ...fields);
const chunked = "transfer-encoding: chunked";
const chunk = (text: string) => `${text.length.toString(16)}${crlf}${text}${crlf}`;
const lastChunk = `0${crlf}${crlf}`;

const row = (
  rule: string,
  client: string,
  upstream: string,
  ...frames: Uint8Array[]
): DowngradeRow => ({ rule, frames, upstream, client });

/** A request without a body. */
const get = (rule: string, client: string, upstream: string, ...more: Fields) =>
  row(rule, client, upstream, headers(whole, [...getFields, ...more]));
const exactly = (rule: string, client: string, upstream: string, fields: Fields) =>
  row(rule, client, upstream, headers(whole, fields));
/** A request that is malformed: its stream is reset, and nothing is sent. */
const refused = (rule: string, ...more: Fields) => get(rule, "PROTOCOL_ERROR", "nothing", ...more);
const malformed = (rule: string, fields: Fields) =>
  exactly(rule, "PROTOCOL_ERROR", "nothing", fields);
/** A request with the fields `more`, whose body follows as `frames`. */
const post = (
  rule: string,
  client: string,
  upstream: string,
  more: Fields,
  ...frames: Uint8Array[]
) => row(rule, client, upstream, headers(endHeaders, [...postFields, ...more]), ...frames);
const trailers = (...fields: Fields) => headers(whole, fields);

const length = (value: string): Fields => [["content-length", value]];

const bodies: readonly DowngradeRow[] = [
  post("8.1.1 content-length that is kept", "200", posted("content-length: 3") + "abc", length("3"), data(1, end, "abc")),
  post("8.1.1 ... in two frames", "200", posted("content-length: 3") + "abc", length("3"), data(1, 0, "a"), data(1, end, "bc")),
  post("8.1.1 ... and padding", "200", posted("content-length: 3") + "abc", length("3"), frame(Type.data, padded | end, 1, 2, "abc", 0, 0)),
  post("8.1.1 ... of 0 before an empty DATA", "200", posted("content-length: 0"), length("0"), data(1, end, "")),
  post("8.1.1 less DATA than content-length", "PROTOCOL_ERROR", posted("content-length: 4") + "abccut", length("4"), data(1, 0, "abc"), data(1, end, "")),
  post("8.1.1 no DATA at all", "PROTOCOL_ERROR", posted("content-length: 4") + "cut", length("4"), data(1, end, "")),
  post("8.1.1 more DATA than content-length", "PROTOCOL_ERROR", posted("content-length: 3") + "cut", length("3"), data(1, 0, `abc${hidden}`)),
  post("8.1.1 more DATA after what content-length says", "any", posted("content-length: 3") + "abccut", length("3"), data(1, 0, "abc"), data(1, end, hidden)),
  post("8.1.1 DATA where content-length is 0", "any", posted("content-length: 0") + "cut", length("0"), data(1, end, hidden)),
  get("8.1.1 content-length without a body", "PROTOCOL_ERROR", "nothing", ["content-length", "4"]),
  get("8.1.1 content-length of 0 without a body", "200", forwarded("content-length: 0"), ["content-length", "0"]),
  post("8.1.1 two content-lengths", "PROTOCOL_ERROR", "nothing", [["content-length", "3"], ["content-length", "40"]], data(1, end, "abc")),
  post("8.1.1 two that agree", "PROTOCOL_ERROR", "nothing", [["content-length", "3"], ["content-length", "3"]], data(1, end, "abc")),
  ...["+3", "-3", "0x3", "3, 3", "3,40", "3;a", "3.0", "", "3e0", "18446744073709551619", "9223372036854775808"].map((value) =>
    post(`8.1.1 content-length: ${JSON.stringify(value)}`, "PROTOCOL_ERROR", "nothing", length(value), data(1, end, "abc"))
  ),
  post("8.2.1 content-length with a blank before it", "PROTOCOL_ERROR", "nothing", length(" 3"), data(1, end, "abc")),
  post("8.2.1 content-length with a blank after it", "PROTOCOL_ERROR", "nothing", length("3 "), data(1, end, "abc")),
  post("9112 7.1 no content-length: chunks", "200", posted(chunked) + chunk("abc") + lastChunk, [], data(1, end, "abc")),
  post("9112 7.1 an empty body of unknown length", "200", posted(chunked) + lastChunk, [], data(1, end, "")),
  post("9112 7.1 an empty DATA is no last chunk", "200", posted(chunked) + chunk("ab") + lastChunk, [], data(1, 0, ""), data(1, 0, "ab"), data(1, 0, ""), data(1, end, "")),
  post("9112 7.1 a request in the content of a chunk", "200", posted(chunked) + chunk(lastChunk + hidden) + lastChunk, [], data(1, end, lastChunk + hidden)),
  post("9112 6.2 a request in the content", "200", posted(`content-length: ${hidden.length}`) + hidden, length(String(hidden.length)), data(1, end, hidden)),
  post("9112 7.1 chunks in content with a length", "200", posted("content-length: 11") + "3\r\nabc\r\n0\r\n", length("11"), data(1, end, "3\r\nabc\r\n0\r\n")),
  post("8.1 a body that the client resets", "gone", posted(chunked) + chunk("abc") + "cut", [], data(1, 0, "abc"), reset(1)),
  post("8.1 a body with a length that the client resets", "gone", posted("content-length: 9") + "abccut", length("9"), data(1, 0, "abc"), reset(1)),
];

const codings: readonly DowngradeRow[] = [
  ...["chunked", "identity", "Chunked", "gzip, chunked", "xchunked", "\x0bchunked", "chunked\r\n", ""].map((value) =>
    post(`8.2.2 transfer-encoding: ${JSON.stringify(value)}`, "PROTOCOL_ERROR", "nothing", [["transfer-encoding", value]], data(1, end, lastChunk + hidden))
  ),
  post("8.2.2 transfer-encoding and content-length", "PROTOCOL_ERROR", "nothing", [["content-length", "5"], ["transfer-encoding", "chunked"]], data(1, end, "0\r\n\r\n")),
  post("8.2.1 Transfer-Encoding", "PROTOCOL_ERROR", "nothing", [["Transfer-Encoding", "chunked"]], data(1, end, hidden)),
  post("8.2.1 a blank after transfer-encoding", "PROTOCOL_ERROR", "nothing", [["transfer-encoding ", "chunked"]], data(1, end, hidden)),
  post("8.2.1 a tab before transfer-encoding", "PROTOCOL_ERROR", "nothing", [["\ttransfer-encoding", "chunked"]], data(1, end, hidden)),
  post("8.2.1 a colon in a name", "PROTOCOL_ERROR", "nothing", [["transfer-encoding: chunked\r\na", "b"]], data(1, end, hidden)),
  post("8.2.1 a name that ends with a colon", "PROTOCOL_ERROR", "nothing", [["transfer-encoding:", "chunked"]], data(1, end, hidden)),
];

const values: readonly DowngradeRow[] = [
  refused("8.2.1 CR LF and a field in a value", ["x", "a\r\ntransfer-encoding: chunked"]),
  refused("8.2.1 CR LF and a request in a value", ["x", `a\r\n\r\n${hidden}`]),
  refused("8.2.1 LF in a value", ["x", `a\n\n${hidden}`]),
  refused("8.2.1 CR in a value", ["x", "a\rcontent-length: 9"]),
  refused("8.2.1 a folded line in a value", ["x", "a\r\n b"]),
  refused("8.2.1 NUL in a value", ["x", "a\0b"]),
  refused("8.2.1 CR LF at the end of a value", ["x", "a\r\n"]),
  refused("8.2.1 CR LF in a cookie", ["cookie", "a=b\r\nx: y"]),
  refused("8.2.1 CR LF in a later crumb", ["cookie", "a=b"], ["cookie", "c\r\nx: y"]),
  refused("8.2.1 CR LF in a name", ["a\r\nx", "b"]),
  refused("8.2.1 a request in a name", [`x: y\r\n\r\n${hidden.toLowerCase()}`, "b"]),
  refused("8.2.1 LF in a name", ["a\nx", "b"]),
  refused("8.2.1 NUL in a name", ["a\0", "b"]),
  refused("8.2.1 a blank in a name", ["content-length x", "9"]),
  refused("8.2.1 an empty name", ["", "b"]),
  refused("8.2.1 an upper-case name", ["Content-Length", "9"]),
  get("8.2 bytes above 127 in a value", "200", forwarded("x: \xe9"), ["x", "\xe9"]),
  get("8.2 an underscore in a name, which others take for a hyphen, is dropped", "200", forwarded(), ["content_length", "9"]),
];

const pseudo: readonly DowngradeRow[] = [
  malformed("8.3.1 CR LF in :method", instead(":method", `GET /hidden HTTP/1.1\r\n\r\n`)),
  malformed("8.3.1 a blank in :method", instead(":method", "GET /hidden")),
  malformed("8.3.1 a tab in :method", instead(":method", "GET\t/hidden")),
  malformed("8.3.1 NUL in :method", instead(":method", "GET\0")),
  malformed("8.3.1 an empty :method", instead(":method", "")),
  exactly("8.3.1 a :method in lower case is another method", "200", head("get / HTTP/1.1", "host: a.example"), instead(":method", "get")),
  malformed("8.3.1 a blank in :path", instead(":path", "/ HTTP/1.1")),
  malformed("8.3.1 a request in :path", instead(":path", `/ HTTP/1.1\r\nhost: b\r\n\r\n${hidden}`)),
  malformed("8.3.1 LF in :path", instead(":path", "/a\nb")),
  malformed("8.3.1 CR in :path", instead(":path", "/a\rb")),
  malformed("8.3.1 a tab in :path", instead(":path", "/a\tb")),
  malformed("8.3.1 NUL in :path", instead(":path", "/a\0b")),
  malformed("8.3.1 a fragment in :path", instead(":path", "/a#b")),
  malformed("8.3.1 an empty :path", instead(":path", "")),
  malformed("8.3.1 :path in absolute form", instead(":path", "http://b.example/")),
  malformed("8.3.1 :path without a slash", instead(":path", "a")),
  exactly("8.3.1 an escaped CR LF in :path stays escaped", "200", head("GET /%0d%0aa HTTP/1.1", "host: a.example"), instead(":path", "/%0d%0aa")),
  malformed("8.3.1 two :path", [...getFields, [":path", "/b"]]),
  malformed("8.3.1 two :method", [...getFields, [":method", "POST"]]),
  malformed("8.3.1 two :authority", [...getFields, [":authority", "b.example"]]),
  malformed("8.3.1 two :scheme", [...getFields, [":scheme", "https"]]),
  malformed("8.3.1 no :path", without(":path")),
  malformed("8.3.1 no :method", without(":method")),
  malformed("8.3.1 no :scheme", without(":scheme")),
  malformed("8.3 :path after a field", [...without(":path"), ["x", "y"], [":path", "/"]]),
  malformed("8.3 an unknown pseudo field", [...getFields, [":x", "y"]]),
  malformed("8.3 :status in a request", [...getFields, [":status", "200"]]),
  malformed("8.3.1 CR LF in :authority", instead(":authority", "a.example\r\nx: y")),
  malformed("8.3.1 a blank in :authority", instead(":authority", "a.example b")),
  malformed("8.3.1 user information in :authority", instead(":authority", "me@a.example")),
  malformed("8.3.1 a path in :authority", instead(":authority", "a.example/b")),
  malformed("8.3.1 an empty :authority", instead(":authority", "")),
  malformed("8.3.1 neither :authority nor host", without(":authority")),
  exactly("8.3.1 host in place of :authority", "200", forwarded(), [...without(":authority"), ["host", "a.example"]]),
  get("8.3.1 host like :authority is sent once", "200", forwarded(), ["host", "a.example"]),
  refused("8.3.1 host unlike :authority", ["host", "b.example"]),
  refused("8.3.1 host in two fields", ["host", "a.example"], ["host", "b.example"]),
  refused("8.3.1 an empty host beside :authority", ["host", ""]),
  malformed("8.3.1 CR LF in host", [...without(":authority"), ["host", "a.example\r\nx: y"]]),
  malformed("8.3.1 :scheme with a URL", instead(":scheme", "http://b.example/?")),
  malformed("8.3.1 CR LF in :scheme", instead(":scheme", "http\r\nx: y")),
  malformed("8.3.1 another :scheme", instead(":scheme", "ftp")),
  exactly("8.3.1 https without TLS changes nothing", "200", forwarded(), instead(":scheme", "https")),
];

const connections: readonly DowngradeRow[] = [
  ...["close", "keep-alive", "x-internal", "upgrade", "content-length", "host"].map((value) =>
    refused(`8.2.2 connection: ${value}`, ["connection", value])
  ),
  refused("8.2.2 keep-alive", ["keep-alive", "timeout=9"]),
  refused("8.2.2 proxy-connection", ["proxy-connection", "keep-alive"]),
  refused("8.2.2 upgrade: websocket", ["upgrade", "websocket"]),
  refused("8.2.2 upgrade: h2c", ["upgrade", "h2c"], ["http2-settings", "AAMAAABk"]),
  get("8.2.2 http2-settings are not for an upstream", "200", forwarded(), ["http2-settings", "AAMAAABk"]),
  refused("8.2.2 te: chunked", ["te", "chunked"]),
  refused("8.2.2 te: trailers and more", ["te", "trailers, chunked"]),
  get("8.2.3 crumbs become one field", "200", forwarded("cookie: a=b; c=d; e=f"), ["cookie", "a=b"], ["cookie", "c=d"], ["cookie", "e=f"]),
  post("9110 10.1.1 expect is answered here", "100 200", posted("content-length: 3") + "abc", [["expect", "100-continue"], ["content-length", "3"]], data(1, end, "abc")),
  exactly("8.5 CONNECT", "405", "nothing", [[":method", "CONNECT"], [":authority", "a.example:80"]]),
  exactly("RFC 8441 an unknown :protocol", "405", "nothing", [...instead(":method", "CONNECT"), [":protocol", "tcp"]]),
  exactly("RFC 8441 CR LF in :protocol", "PROTOCOL_ERROR", "nothing", [...instead(":method", "CONNECT"), [":protocol", "websocket\r\nx: y"]]),
];

const trailing: readonly DowngradeRow[] = [
  post("9110 6.5.1 trailers follow chunks", "200", posted(chunked) + chunk("abc") + "0\r\nx: y\r\n\r\n", [], data(1, 0, "abc"), trailers(["x", "y"])),
  post("9110 6.5.1 trailers are dropped after content with a length", "200", posted("content-length: 3") + "abc", length("3"), data(1, 0, "abc"), trailers(["x", "y"])),
  ...([["content-length", "9"], ["transfer-encoding", "chunked"], ["connection", "close"], ["upgrade", "h2c"], [":path", "/"], ["x", "a\r\nb: c"], ["x", `a\r\n\r\n${hidden}`], ["a\r\nb", "c"], ["Upper", "a"], ["te", "gzip"]] as const).map((field) =>
    post(`8.1 trailers with ${JSON.stringify(field)}`, "PROTOCOL_ERROR", posted(chunked) + chunk("abc") + "cut", [], data(1, 0, "abc"), trailers(field))
  ),
  ...([["host", "b.example"], ["authorization", "a"], ["content-encoding", "gzip"], ["trailer", "a"], ["cookie", "a=b"], ["expect", "100-continue"], ["x-forwarded-for", "10.0.0.1"], ["content_length", "9"], ["transfer_encoding", "chunked"]] as const).map((field) =>
    post(`9110 6.5.1 trailers with ${field[0]}`, "200", posted(chunked) + chunk("abc") + lastChunk, [], data(1, 0, "abc"), trailers(field))
  ),
];

export const downgradeRows: readonly DowngradeRow[] = [
  get("a plain request", "200", forwarded()),
  ...bodies,
  ...codings,
  ...values,
  ...pseudo,
  ...connections,
  ...trailing,
];

/**
 * Requests over HTTP/2 that are sent to our proxy, to h2o 2.2.5 and to nginx, and where they differ.
 * `/u/` goes to an upstream, `/f/` to a folder.
 */
import { block, data, end, endHeaders, frame, Type, whole } from "./wire.ts";

export interface DifferentialRow {
  readonly name: string;
  readonly frames: readonly Uint8Array[];
  /** Why another server answers differently; without an entry it answers as we do. */
  readonly differs: Readonly<Partial<Record<"h2o" | "nginx", string>>>;
}

type Fields = readonly (readonly [name: string, value: string])[];
type Reasons = DifferentialRow["differs"];

const head = (method: string, path: string, fields: Fields, authority = "a.example"): Fields => [
  [":method", method],
  [":scheme", "http"],
  [":path", path],
  [":authority", authority],
  ...fields,
];
const headers = (flags: number, fields: Fields) => frame(Type.headers, flags, 1, block(...fields));

const get = (name: string, path: string, fields: Fields = [], differs: Reasons = {}) => ({
  name,
  frames: [headers(whole, head("GET", path, fields))],
  differs,
});
const bare = (name: string, fields: Fields, differs: Reasons = {}) => ({
  name,
  frames: [headers(whole, fields)],
  differs,
});
const method = (verb: string, path: string, differs: Reasons = {}) => ({
  name: `${verb} ${path}`,
  frames: [headers(whole, head(verb, path, []))],
  differs,
});
const post = (name: string, fields: Fields, body: readonly Uint8Array[], differs: Reasons = {}) => ({
  name,
  frames: [headers(endHeaders, head("POST", "/u/", fields)), ...body],
  differs,
});

const bufferedBody: Reasons = { h2o: "waits for all of it", nginx: "waits for all of it" };
const page = "answers 400 where RFC 9113 8.1.1 asks for a stream error";
const pageForFault: Reasons = { nginx: page };
const endsConnection: Reasons = { h2o: "ends the connection, not the stream alone" };
const dotsKept: Reasons = {
  h2o: "matches the normal path and sends the original one, which the upstream may read differently",
  nginx: "the same, without a path in proxy_pass",
};

export const differentialRows: readonly DifferentialRow[] = [
  get("a request", "/u/"),
  method("HEAD", "/u/"),
  method("DELETE", "/u/"),
  method("OPTIONS", "/u/"),
  method("PURGE", "/u/"),
  post("a body with a length", [["content-length", "3"]], [data(1, end, "abc")]),
  post("a body in two frames", [["content-length", "3"]], [data(1, 0, "a"), data(1, end, "bc")]),
  post("a body without a length", [], [data(1, end, "abc")], bufferedBody),
  post("an empty body", [], [data(1, end, "")], bufferedBody),
  post("a large body", [["content-length", "30000"]], [data(1, 0, "x".repeat(15_000)), data(1, end, "y".repeat(15_000))]),
  post("less than its length", [["content-length", "9"]], [data(1, end, "abc")], pageForFault),
  post("more than its length", [["content-length", "2"]], [data(1, end, "abc")], pageForFault),
  get("a query", "/u/a?b=c&d=e%20f"),
  get("dot segments", "/u/a/../b", [], dotsKept),
  get("escaped dots", "/u/a/%2e%2e/b", [], dotsKept),
  get("two slashes", "/u//a"),
  get("an escaped slash", "/u/a%2fb"),
  get("raw UTF-8", "/u/\xc3\xa9"),
  get("crumbs of a cookie", "/u/", [["cookie", "a=b"], ["cookie", "c=d"]]),
  get("te", "/u/", [["te", "trailers"]]),
  get("a field twice", "/u/", [["x-a", "1"], ["x-a", "2"]]),
  get("an empty field", "/u/", [["x-a", ""]]),
  get("an underscore", "/u/", [["x_a", "1"]]),
  get("priority", "/u/", [["priority", "u=1, i"]]),
  get("user-agent and accept", "/u/", [["user-agent", "a/1"], ["accept", "*/*"], ["accept-encoding", "gzip"]]),
  get("chunks of the upstream", "/u/chunked"),
  get("trailers of the upstream", "/u/trailers", [], { h2o: "drops trailers", nginx: "drops trailers" }),
  get("a body that ends with the connection", "/u/close"),
  get("204", "/u/204"),
  get("304", "/u/304"),
  get("a redirect of the upstream", "/u/redirect", [], { nginx: "proxy_redirect rewrites it by default" }),
  get("hop-by-hop fields of the upstream", "/u/hop", [], {
    h2o: "passes fields that Connection names (RFC 9110 7.6.1)",
    nginx: "passes fields that Connection names (RFC 9110 7.6.1)",
  }),
  get("two cookies of the upstream", "/u/cookies"),
  get("an answer that is malformed", "/u/bad", [], {
    h2o: "does not ask again on a new connection",
    nginx: "takes what it cannot read for HTTP/0.9",
  }),
  get("a file", "/f/a.txt"),
  method("HEAD", "/f/a.txt"),
  get("a range of a file", "/f/a.txt", [["range", "bytes=2-4"]]),
  get("a range that is not there", "/f/a.txt", [["range", "bytes=99-"]]),
  get("no file", "/f/none.txt"),
  get("a folder without its slash", "/f/sub", [], { h2o: "has a body", nginx: "has a body and an absolute Location" }),
  method("POST", "/f/a.txt"),
  get("an upper-case name", "/u/", [["X-A", "1"]], endsConnection),
  get("connection", "/u/", [["connection", "close"]], { ...endsConnection, nginx: "drops it (RFC 9113 8.2.2 asks for more)" }),
  get("te: gzip", "/u/", [["te", "gzip"]], { ...endsConnection, nginx: "drops it (RFC 9113 8.2.2 asks for more)" }),
  get("CR LF in a value", "/u/", [["x-a", "b\r\nc: d"]], { h2o: "answers 400 where RFC 9113 8.1.1 asks for a stream error" }),
  get("a blank in :path", "/u/ HTTP/1.1", [], { h2o: "sends it to the upstream as it is", nginx: page }),
  get("host unlike :authority", "/u/", [["host", "b.example"]], { h2o: "ignores host (RFC 9113 8.3.1: should be malformed)", nginx: page }),
  bare("no :path", [[":method", "GET"], [":scheme", "http"], [":authority", "a.example"]], pageForFault),
  bare("host in place of :authority", [[":method", "GET"], [":scheme", "http"], [":path", "/u/"], ["host", "a.example"]]),
  bare("CONNECT", [[":method", "CONNECT"], [":authority", "a.example:80"]], { h2o: "resets the stream", nginx: "answers 400" }),
];

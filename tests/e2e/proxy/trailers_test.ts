/** Trailers through the proxy: each version on each side, bodies with and without a length. */
import { assertEquals } from "@std/assert";
import { defaultSectionLimits, HeadSpace } from "../../../mod/http2/mod.ts";
import { HpackDecoder } from "../../../mod/http2/hpack/decoder.ts";
import { ByteUpstream } from "../../support/byte_upstream.ts";
import { Http2Server, Type } from "../../support/http2_server.ts";
import { Http2Wire } from "../../support/http2_wire.ts";
import { parts, TestProxy } from "../../support/proxy.ts";
import { backends } from "../../support/serve.ts";
import { block, data, end, frame, post, whole } from "../../vectors/http2/wire.ts";

type Fields = readonly (readonly [name: string, value: string])[];

const cleartext = "proxy.http2.ratio: 100\nproxy.http2.force-cleartext: ON";
/** Rules that no trailer may get around. */
const rules = ["proxy.header.unset: X-User", "proxy.header.set: 'X-Role: none'"];
const sum: Fields = [["x-sum", "7"]];
const notForUpstreams: Fields = [
  ["x-user", "root"],
  ["x_role", "admin"],
  ["x-forwarded-for", "10.0.0.1"],
  ["x-real-ip", "10.0.0.1"],
  ["x-request-id", "mine"],
  ["cookie", "a=b"],
  ["authorization", "Basic eA=="],
  ["content_length", "9"],
];

/** A request, and what an upstream of each version gets after the body. */
interface RequestRow {
  readonly name: string;
  readonly length?: string;
  /** More fields of its head. */
  readonly fields?: Fields;
  readonly trailers: Fields;
  readonly http1: string;
  readonly http2: string;
  /** Only clients of this version can send it. */
  readonly from?: 1 | 2;
}

const chunkedEnd = "3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n";
const requests: readonly RequestRow[] = [
  { name: "chunks", trailers: sum, http1: chunkedEnd, http2: "x-sum: 7" },
  { name: "none", trailers: [], http1: "3\r\nabc\r\n0\r\n\r\n", http2: "no trailers" },
  {
    name: "two, and one that is empty",
    trailers: [...sum, ["x-empty", ""]],
    http1: "3\r\nabc\r\n0\r\nx-sum: 7\r\nx-empty: \r\n\r\n",
    http2: "x-sum: 7; x-empty: ",
  },
  {
    name: "what the proxy decides",
    trailers: [...sum, ...notForUpstreams],
    http1: chunkedEnd,
    http2: "x-sum: 7",
  },
  {
    name: "nothing that may be sent on",
    trailers: notForUpstreams,
    http1: "3\r\nabc\r\n0\r\n\r\n",
    http2: "no trailers",
  },
  {
    name: "what Connection names",
    from: 1,
    fields: [["Connection", "close, x-hop"]],
    trailers: [["X-Hop", "1"], ...sum],
    http1: chunkedEnd,
    http2: "x-sum: 7",
  },
  {
    name: "framing fields in chunks",
    from: 1,
    trailers: [["Content-Length", "9"], ["Transfer-Encoding", "chunked"], ["Host", "b"], ...sum],
    http1: chunkedEnd,
    http2: "x-sum: 7",
  },
  {
    name: "a known length",
    from: 2,
    length: "3",
    trailers: sum,
    http1: "abc",
    http2: "x-sum: 7",
  },
  {
    name: "a known length without trailers",
    from: 2,
    length: "3",
    trailers: [],
    http1: "abc",
    http2: "no trailers",
  },
  {
    name: "a length of zero",
    from: 2,
    length: "0",
    trailers: sum,
    http1: "",
    http2: "x-sum: 7",
  },
];

async function sendRequest(proxy: TestProxy, version: 1 | 2, row: RequestRow): Promise<void> {
  const { trailers, fields = [], length } = row;
  if (version === 2) {
    using wire = await Http2Wire.open(proxy.address);
    const more: Fields = length === undefined ? fields : [...fields, ["content-length", length]];
    const isEnd = trailers.length === 0 ? end : 0;
    await wire.send(post(1, ...more), ...(length === "0" ? [] : [data(1, isEnd, "abc")]));
    if (isEnd === 0) await wire.send(frame(Type.headers, whole, 1, block(...trailers)));
    assertEquals((await wire.response(1)).end, "END", row.name);
    return;
  }
  const lines = (list: Fields) => list.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const answer = await proxy.exchange(
    `POST / HTTP/1.1\r\nHost: a\r\n${lines(fields)}Transfer-Encoding: chunked\r\n` +
      `${fields.length === 0 ? "Connection: close\r\n" : ""}\r\n3\r\nabc\r\n0\r\n${
        lines(trailers)
      }\r\n`,
  );
  assertEquals(parts(answer).status, 200, row.name);
}

/** The trailers of each stream of a connection. */
function trailersOf(server: Http2Server): string[] {
  return server.connections.flatMap((peer) => {
    const space = new HeadSpace(defaultSectionLimits, 4096);
    const decoder = new HpackDecoder(space.area, 4096);
    const found: string[] = [];
    const seen = new Set<number>();
    for (const { id, bytes } of peer.blocks) {
      const { request } = space;
      request.begin();
      decoder.decode(bytes, 0, bytes.length, request);
      request.conclude(false);
      const { head } = request;
      const names = Array.from({ length: head.fieldCount }, (_, i) => i);
      const text = names.map((i) => `${head.name(i)}: ${head.value(i)}`).join("; ");
      if (seen.has(id)) found[found.length - 1] = text;
      else found.push("no trailers");
      seen.add(id);
    }
    return found;
  });
}

for (const backend of backends) {
  const options = { env: { HAYATE_REACTOR: backend } };
  const settings = "proxy.request-id: ON\n";

  Deno.test(`trailers of requests reach upstreams of both versions (${backend})`, async () => {
    await using old = new ByteUpstream();
    await using modern = new Http2Server();
    await using toOld = await TestProxy.before(
      `http://127.0.0.1:${old.port}/`,
      rules,
      settings,
      options,
    );
    await using toModern = await TestProxy.before(
      modern.url,
      rules,
      settings + cleartext,
      options,
    );
    for (const row of requests) {
      for (const version of [1, 2] as const) {
        if ((row.from ?? version) !== version) continue;
        const name = `${row.name}, from HTTP/${version}`;
        const before = old.connections.map(({ bytes }) => bytes.length);
        await sendRequest(toOld, version, row);
        const came = old.connections.map(({ bytes }, i) => bytes.slice(before[i] ?? 0)).join("");
        assertEquals(came.slice(came.indexOf("\r\n\r\n") + 4), row.http1, name);
        await sendRequest(toModern, version, row);
        assertEquals(trailersOf(modern).at(-1), row.http2, name);
      }
    }
  });
}

Deno.test("a body that is collected first is sent in chunks when it has trailers", async () => {
  await using upstream = new ByteUpstream();
  await using proxy = await TestProxy.start(`
listen: {port: PORT, host: 127.0.0.1}
upstreams: {u: {servers: ["127.0.0.1:${upstream.port}"], request_buffer: memory=64k}}
hosts: {default: {paths: {/: {proxy.reverse.url: http://u/}}}}
`);
  const [counted, trailed] = [requests[0], { ...requests[0], length: "3" }];
  await sendRequest(proxy, 1, { ...counted, trailers: [] });
  await sendRequest(proxy, 2, trailed);
  const [one, two] = upstream.connections.map(({ bytes }) => bytes).join("").split(/(?=POST )/);
  assertEquals([/^content-length: 3\r$/im.test(one), one.endsWith("\r\n\r\nabc")], [true, true]);
  assertEquals([/^content-length/im.test(two), two.endsWith(chunkedEnd)], [false, true], two);
});

/** An answer of an upstream, and what a client of each version gets. */
const answers: readonly {
  readonly name: string;
  readonly http1?: string;
  readonly http2?: Fields;
  /** "abc" without. */
  readonly body?: string;
  readonly toHttp1: string;
  readonly toHttp2: string;
}[] = [
  {
    name: "chunks of HTTP/1.1",
    http1: "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\nX-Hop: 1\r\n\r\n",
    toHttp1: chunkedEnd,
    toHttp2: "abc x-sum: 7",
  },
  { name: "HTTP/2 without a length", http2: [], toHttp1: chunkedEnd, toHttp2: "abc x-sum: 7" },
  {
    name: "HTTP/2 with a length",
    http2: [["content-length", "3"]],
    toHttp1: "abc",
    toHttp2: "abc x-sum: 7",
  },
  {
    name: "HTTP/2 with a length of zero",
    http2: [["content-length", "0"]],
    body: "",
    toHttp1: "0\r\nx-sum: 7\r\n\r\n",
    toHttp2: " x-sum: 7",
  },
];

for (const { name, http1, http2, body: sent = "abc", toHttp1, toHttp2 } of answers) {
  Deno.test(`trailers of responses reach clients of both versions: ${name}`, async () => {
    await using old = new ByteUpstream(() =>
      `HTTP/1.1 200 OK\r\nConnection: x-hop\r\n${http1 ?? "Content-Length: 0\r\n\r\n"}`
    );
    await using modern = new Http2Server({
      onRequest(peer, id) {
        peer.frame(Type.headers, 4, id, block([":status", "200"], ...(http2 ?? [])));
        if (sent !== "") peer.data(id, sent, false);
        peer.frame(Type.headers, whole, id, block(...sum));
      },
    });
    const [url, more] = http1 === undefined
      ? [modern.url, cleartext]
      : [`http://127.0.0.1:${old.port}/`, ""];
    await using proxy = await TestProxy.before(url, [], more);
    assertEquals(parts(await proxy.get("/")).body, toHttp1);
    using wire = await Http2Wire.open(proxy.address);
    await wire.get(1, "/");
    const { heads, body, end } = await wire.response(1);
    assertEquals([`${body} ${heads[1]}`, end], [toHttp2, "END"]);
  });
}

Deno.test("a compressed response keeps its trailers", async () => {
  await using upstream = new ByteUpstream(() =>
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n"
  );
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    ["compress: [gzip]"],
    "compress-minimum-size: 1",
  );
  const { head, body } = parts(await proxy.get("/", "Accept-Encoding: gzip\r\n"));
  assertEquals(/^content-encoding: gzip\r$/im.test(head), true, head);
  assertEquals(body.endsWith("0\r\nx-sum: 7\r\n\r\n"), true);
});

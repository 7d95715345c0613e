/** What a script's request() returns, and what is sent for it. */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Method } from "../../../../mod/http/mod.ts";
import type { MadeRequests } from "../../../../mod/load/script/made_requests.ts";
import { RequestReader } from "../../../../mod/load/script/request_reader.ts";
import { RequestSplitter } from "../../../../mod/load/script/request_split.ts";
import { Wrk } from "../../../../mod/load/script/wrk_object.ts";

const fields = {
  scheme: "http",
  host: "h",
  port: 81,
  method: "GET",
  path: "/",
  headers: {},
  body: null,
};
const decoder = new TextDecoder();

function makeReader(): { wrk: Wrk; reader: RequestReader } {
  const wrk = new Wrk(fields);
  return { wrk, reader: new RequestReader(wrk) };
}

/** What is sent, after a check that what is known of it is what a server reads. */
function sent(made: MadeRequests): string {
  const { bytes } = made;
  const splitter = new RequestSplitter();
  splitter.split(bytes, bytes.length);
  const count = splitter.count;
  assertEquals([...made.ends], splitter.ends.slice(0, count));
  assertEquals([...made.methods], splitter.methods.slice(0, count));
  const closes = made.closes ?? new Array(count).fill(false);
  assertEquals(closes, splitter.closes.slice(0, count));
  return decoder.decode(bytes);
}

type Request = (wrk: Wrk, index: number) => unknown;

/** What request() does, and what its first three calls send. */
const vectors: readonly [what: string, request: Request, texts: readonly string[]][] = [
  ["a path that varies", (wrk, index) => wrk.format("GET", `/${index}`), [
    "GET /0 HTTP/1.1\r\nHost: h:81\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: h:81\r\n\r\n",
    "GET /2 HTTP/1.1\r\nHost: h:81\r\n\r\n",
  ]],
  [
    "a field that varies",
    (wrk, index) => wrk.format(null, null, { A: "x", B: `${index}`, C: "y" }),
    [
      "GET / HTTP/1.1\r\nA: x\r\nB: 0\r\nC: y\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nA: x\r\nB: 1\r\nC: y\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nA: x\r\nB: 2\r\nC: y\r\nHost: h:81\r\n\r\n",
    ],
  ],
  ["fields that come and go", (wrk, index) => wrk.format(null, null, index === 1 ? {} : { A: 5 }), [
    "GET / HTTP/1.1\r\nA: 5\r\nHost: h:81\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h:81\r\n\r\n",
    "GET / HTTP/1.1\r\nA: 5\r\nHost: h:81\r\n\r\n",
  ]],
  ["a list that grows", (wrk, index) => {
    wrk.headers = { A: ["1", "2", "3"].slice(0, index + 1) as unknown as string };
    return wrk.format();
  }, [
    "GET / HTTP/1.1\r\nA: 1\r\nHost: h:81\r\n\r\n",
    "GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\nHost: h:81\r\n\r\n",
    "GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\nA: 3\r\nHost: h:81\r\n\r\n",
  ]],
  ["a host that varies", (wrk, index) => wrk.format(null, null, { host: `h${index}` }), [
    "GET / HTTP/1.1\r\nhost: h0\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: h1\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: h2\r\n\r\n",
  ]],
  [
    "hosts of other forms",
    (wrk, index) => wrk.format(null, null, { host: ["a.b:80", "c.d", "1.2.3.4"][index], A: index }),
    [
      "GET / HTTP/1.1\r\nhost: a.b:80\r\nA: 0\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: c.d\r\nA: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: 1.2.3.4\r\nA: 2\r\n\r\n",
    ],
  ],
  [
    "fields as an object, a Map and a list",
    (wrk, index) => wrk.format(null, null, [{}, new Map([["A", "1"]]), [["A", "2"]]][index]),
    [
      "GET / HTTP/1.1\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nA: 1\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nA: 2\r\nHost: h:81\r\n\r\n",
    ],
  ],
  ["wrk.host and wrk.port", (wrk, index) => {
    wrk.host = ["a", "::1", "::1"][index];
    wrk.port = [81, 81, null][index];
    return wrk.format();
  }, [
    "GET / HTTP/1.1\r\nHost: a:81\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1]:81\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n",
  ]],
  [
    "a body that varies",
    (wrk, index) => wrk.format("POST", "/", {}, ["ab", "ä€😀", "\ud800"][index]),
    [
      "POST / HTTP/1.1\r\nHost: h:81\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: h:81\r\nContent-Length: 9\r\n\r\nä€😀",
      "POST / HTTP/1.1\r\nHost: h:81\r\nContent-Length: 3\r\n\r\n\ufffd",
    ],
  ],
  ["methods", (wrk, index) => wrk.format(["HEAD", "PURGE", "PUT"][index]), [
    "HEAD / HTTP/1.1\r\nHost: h:81\r\n\r\n",
    "PURGE / HTTP/1.1\r\nHost: h:81\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: h:81\r\nContent-Length: 0\r\n\r\n",
  ]],
  [
    "Connection: close",
    (wrk, index) => wrk.format(null, null, { Connection: ["close", "x", "Close"][index] }),
    [
      "GET / HTTP/1.1\r\nConnection: close\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nConnection: x\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nConnection: Close\r\nHost: h:81\r\n\r\n",
    ],
  ],
  [
    "a length of its own",
    (wrk, index) =>
      wrk.format("POST", "/", { "content-length": `${index}` }, "abc".slice(0, index)),
    [
      "POST / HTTP/1.1\r\ncontent-length: 0\r\nHost: h:81\r\n\r\n",
      "POST / HTTP/1.1\r\ncontent-length: 1\r\nHost: h:81\r\n\r\na",
      "POST / HTTP/1.1\r\ncontent-length: 2\r\nHost: h:81\r\n\r\nab",
    ],
  ],
  [
    "chunks",
    (wrk, index) =>
      wrk.format("POST", "/", { "transfer-encoding": "chunked" }, `1\r\n${index}\r\n0\r\n\r\n`),
    [
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nHost: h:81\r\n\r\n1\r\n0\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nHost: h:81\r\n\r\n1\r\n1\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nHost: h:81\r\n\r\n1\r\n2\r\n0\r\n\r\n",
    ],
  ],
  [
    "targets of other forms",
    (wrk, index) => wrk.format("OPTIONS", ["*", "http://x/a", "/é"][index]),
    [
      "OPTIONS * HTTP/1.1\r\nHost: h:81\r\n\r\n",
      "OPTIONS http://x/a HTTP/1.1\r\nHost: h:81\r\n\r\n",
      "OPTIONS /é HTTP/1.1\r\nHost: h:81\r\n\r\n",
    ],
  ],
  [
    "an older text",
    (() => {
      let first: unknown = null;
      return (wrk, index) => {
        const text = wrk.format(null, `/${index}`);
        return first ??= text;
      };
    })(),
    [
      "GET /0 HTTP/1.1\r\nHost: h:81\r\n\r\n",
      "GET /0 HTTP/1.1\r\nHost: h:81\r\n\r\n",
      "GET /0 HTTP/1.1\r\nHost: h:81\r\n\r\n",
    ],
  ],
  [
    "several texts at once",
    (wrk, index) => `${wrk.format("HEAD", `/${index}`)}${wrk.format("POST", "/b", {}, "x")}`,
    [
      "HEAD /0 HTTP/1.1\r\nHost: h:81\r\n\r\nPOST /b HTTP/1.1\r\nHost: h:81\r\nContent-Length: 1\r\n\r\nx",
      "HEAD /1 HTTP/1.1\r\nHost: h:81\r\n\r\nPOST /b HTTP/1.1\r\nHost: h:81\r\nContent-Length: 1\r\n\r\nx",
      "HEAD /2 HTTP/1.1\r\nHost: h:81\r\n\r\nPOST /b HTTP/1.1\r\nHost: h:81\r\nContent-Length: 1\r\n\r\nx",
    ],
  ],
  [
    "a list",
    (
      wrk,
      index,
    ) => [wrk.format(null, `/${index}`), { path: "/b" }, new Uint8Array(0), [{ path: "/c" }]],
    [
      "GET /0 HTTP/1.1\r\nHost: h:81\r\n\r\nGET /b HTTP/1.1\r\nHost: h:81\r\n\r\nGET /c HTTP/1.1\r\nHost: h:81\r\n\r\n",
      "GET /1 HTTP/1.1\r\nHost: h:81\r\n\r\nGET /b HTTP/1.1\r\nHost: h:81\r\n\r\nGET /c HTTP/1.1\r\nHost: h:81\r\n\r\n",
      "GET /2 HTTP/1.1\r\nHost: h:81\r\n\r\nGET /b HTTP/1.1\r\nHost: h:81\r\n\r\nGET /c HTTP/1.1\r\nHost: h:81\r\n\r\n",
    ],
  ],
  ["bytes as a body", (_, index) => ({ method: "POST", body: Uint8Array.of(0x61 + index) }), [
    "POST / HTTP/1.1\r\nHost: h:81\r\nContent-Length: 1\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h:81\r\nContent-Length: 1\r\n\r\nb",
    "POST / HTTP/1.1\r\nHost: h:81\r\nContent-Length: 1\r\n\r\nc",
  ]],
  [
    "a description that is changed",
    (() => {
      const description = { path: "", headers: { A: "" } };
      return (_, index) => {
        description.path = `/${index}`;
        description.headers.A = `${index}`;
        return description;
      };
    })(),
    [
      "GET /0 HTTP/1.1\r\nA: 0\r\nHost: h:81\r\n\r\n",
      "GET /1 HTTP/1.1\r\nA: 1\r\nHost: h:81\r\n\r\n",
      "GET /2 HTTP/1.1\r\nA: 2\r\nHost: h:81\r\n\r\n",
    ],
  ],
  [
    "only a field of a description is changed",
    (() => {
      const description = { headers: { A: "" } };
      return (_, index) => {
        description.headers.A = `${index >> 1}`;
        return description;
      };
    })(),
    [
      "GET / HTTP/1.1\r\nA: 0\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nA: 0\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nA: 1\r\nHost: h:81\r\n\r\n",
    ],
  ],
  [
    "Headers that are changed",
    (() => {
      const description = { headers: new Headers() };
      return (_, index) => {
        description.headers.set("A", `${index}`);
        return description;
      };
    })(),
    [
      "GET / HTTP/1.1\r\na: 0\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\na: 1\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\na: 2\r\nHost: h:81\r\n\r\n",
    ],
  ],
  [
    "a description beside wrk's parts, which change",
    (() => {
      const description = { headers: { A: "1" } };
      return (wrk, index) => {
        if (index === 1) wrk.headers["a"] = wrk.headers["B"] = "2";
        if (index === 2) wrk.path = "/c";
        return description;
      };
    })(),
    [
      "GET / HTTP/1.1\r\nA: 1\r\nHost: h:81\r\n\r\n",
      "GET / HTTP/1.1\r\nB: 2\r\nA: 1\r\nHost: h:81\r\n\r\n",
      "GET /c HTTP/1.1\r\nB: 2\r\nA: 1\r\nHost: h:81\r\n\r\n",
    ],
  ],
];

for (const [what, request, texts] of vectors) {
  Deno.test(`request() of a script: ${what}`, () => {
    const { wrk, reader } = makeReader();
    assertEquals(texts.map((_, index) => sent(reader.read(request(wrk, index)))), texts);
  });
}

/** Texts and parts that are no requests, and what is said; each follows a valid request. */
const refused: readonly [what: string, request: (wrk: Wrk) => unknown, complaint: string][] = [
  ["a host that is none", (wrk) => wrk.format(null, null, { Host: "a b" }), "invalid request"],
  ["a number that is no host", (wrk) => {
    wrk.format(null, null, { Host: "a" });
    return wrk.format(null, null, { Host: "1.2.3.4.5" });
  }, "invalid request"],
  [
    "a line break in a value",
    (wrk) => wrk.format(null, null, { A: "a\r\nB: c" }),
    "line breaks are not allowed",
  ],
  [
    "a control character in a value",
    (wrk) => wrk.format(null, null, { A: "\x01" }),
    "control characters",
  ],
  ["a value of another type", (wrk) => wrk.format(null, null, { A: null }), 'header "A" is null'],
  ["a blank in the path", (wrk) => wrk.format(null, "/a b"), "has blanks"],
  ["a path without a slash", (wrk) => wrk.format(null, "a"), "invalid request"],
  ["a fragment", (wrk) => wrk.format(null, "/#a"), "invalid request"],
  ["two hosts", (wrk) => wrk.format(null, null, { Host: "a", host: "b" }), "invalid request"],
  [
    "a short body",
    (wrk) => wrk.format("POST", "/", { "Content-Length": 3 }, "ab"),
    "without its whole body",
  ],
  [
    "a long body",
    (wrk) => wrk.format("POST", "/", { "Content-Length": 1 }, "abc"),
    "incomplete request",
  ],
  ["a text without an end", () => "GET / HTTP/1.1\r\nHost: h\r\n", "incomplete request"],
  ["an empty text", () => "", "returned nothing"],
];

for (const [what, request, complaint] of refused) {
  Deno.test(`request() of a script is refused: ${what}`, () => {
    const { wrk, reader } = makeReader();
    sent(reader.read(wrk.format(null, null, { A: "x" })));
    assertThrows(() => reader.read(request(wrk)), TypeError, complaint);
    assertEquals(
      sent(reader.read(wrk.format(null, null, { A: "y" }))),
      "GET / HTTP/1.1\r\nA: y\r\nHost: h:81\r\n\r\n",
    );
  });
}

Deno.test("texts and descriptions that repeat are read once", () => {
  const { reader } = makeReader();
  const text = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
  const made = reader.read(text);
  assertEquals([made.isKept, made.methods], [true, [Method.head]]);
  assertStrictEquals(reader.read(text), made);
  const description = { path: "/a", headers: { A: "b" } };
  for (let time = 0; time < 2; time++) reader.read(description);
  assertStrictEquals(reader.read(description), reader.read(description));
});

Deno.test("texts that never repeat are not kept for ever, and are sent all the same", () => {
  const { reader } = makeReader();
  for (let index = 0; index < 10_000; index++) {
    const text = `GET /${index} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
    const made = reader.read(text);
    assertEquals(made.isKept, index < 4096);
    if (index % 999 === 0) assertEquals(sent(made), text);
  }
});

Deno.test("a script may write into the array that it has returned", () => {
  const { reader } = makeReader();
  const bytes = new TextEncoder().encode("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  const made = reader.read(bytes);
  bytes[5] = 0x62;
  assertEquals(sent(made), "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
});

/** The same files and requests for Debian's h2o and hayate: status, fields and body must agree. */
import { assertEquals } from "@std/assert";
import { peerTest } from "../../support/peers.ts";
import { H2oPair } from "./h2o_pair.ts";
import { fieldLines, parts, ScriptedUpstream } from "../../support/proxy.ts";

/** The responses of h2o and hayate, in comparable form. */
async function ask(pair: H2oPair, request: string): Promise<[Answer, Answer]> {
  const [theirs, ours] = await pair.exchange(request);
  return [normal(theirs, pair.ports[0]), normal(ours, pair.ports[1])];
}

function normal(answer: string, port: number): Answer {
  const { status, head, body } = parts(answer.replaceAll(`:${port}`, ":PORT"));
  const fields = fieldLines(
    head,
    "date",
    "server",
    "connection",
    "etag",
    "last-modified",
    "accept-ranges",
  )
    .map((line) => line.toLowerCase()).sort();
  return { status, fields, body };
}

interface Answer {
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: string;
}

/** Answers with the request in the body, fields sorted by name. */
function echo(): ScriptedUpstream {
  return ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      const [line] = head.split("\r\n");
      const shown = fieldLines(head, "connection").sort().join("\n");
      const body = `${line}\n${shown}\n`;
      await peer.send(
        `HTTP/1.1 200 OK\r\nX-Up: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    }
  });
}

function request(target: string, fields = "Host: a.test\r\n", method = "GET"): string {
  return `${method} ${target} HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`;
}

peerTest(
  "h2o",
  "An upstream gets the same requests from h2o and from hayate",
  async () => {
    await using upstream = echo();
    const url = `http://127.0.0.1:${upstream.port}`;
    await using pair = await H2oPair.start(`listen: {port: PORT, host: 127.0.0.1}
hosts:
  "a.test:PORT":
    paths:
      /: {proxy.reverse.url: "${url}/"}
      /base: {proxy.reverse.url: "${url}/x/y"}
      /slash/: {proxy.reverse.url: "${url}/x/"}
      /keep: {proxy.reverse.url: "${url}/", proxy.preserve-host: ON}
  "*.b.test:PORT":
    paths: {/: {proxy.reverse.url: "${url}/wild/"}}
`);
    const host = (name: string) => `Host: ${name}:PORT\r\n`;
    const rows: [string, string][] = [
      ["/", host("a.test")],
      ["/a/b?c=d&e", host("a.test")],
      ["/a%20b/%7e", host("a.test")],
      ["/base", host("a.test")],
      ["/base/", host("a.test")],
      ["/base/z?q", host("a.test")],
      ["/basez", host("a.test")],
      ["/slash/", host("a.test")],
      ["/slash/z", host("a.test")],
      ["/slash", host("a.test")],
      ["/keep/z", host("a.test")],
      ["/", host("x.b.test")],
      ["/", host("X.B.TEST")],
      ["/", host("b.test")],
      ["/", host("other")],
      ["/", "Host: x.b.test\r\n"],
      [
        "/",
        `${host("a.test")}X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nVia: 1.0 z\r\n`,
      ],
      ["/", `${host("a.test")}Cookie: a=1\r\nAccept: */*\r\nX-Odd:   v  \r\n`],
      [
        "/",
        `${
          host("a.test")
        }TE: trailers\r\nKeep-Alive: 3\r\nUpgrade: x\r\nProxy-Authorization: y\r\n`,
      ],
      ["//a//b", host("a.test")],
      ["/?x=/../", host("a.test")],
    ];
    for (const [target, fields] of rows) {
      const [theirs, ours] = await ask(pair, request(target, fields));
      assertEquals(trim(ours), trim(theirs), `${target} ${fields}`);
    }
  },
);

/** Blanks around values are white space (RFC 9110 5.5): h2o trims them, hayate forwards the bytes. */
function trim(answer: Answer): Answer {
  const body = answer.body.split("\n").map((line) => line.replace(/:\s+/, ": ").trimEnd()).join(
    "\n",
  );
  const fields = answer.fields.filter((line) => !line.startsWith("content-length"));
  return { ...answer, fields, body };
}

peerTest("h2o", "Static files, redirects and errors have the same responses as h2o's", async () => {
  await using pair = await H2oPair.start(
    `listen: {port: PORT, host: 127.0.0.1}
hosts:
  default:
    paths:
      /files: {file.dir: DIR/root}
      /list: {file.dir: DIR/root/sub, file.dirlisting: ON}
      /to: {redirect: "http://new.test/x"}
      /to/slash/: {redirect: "http://new.test/x/"}
      /perm: {redirect: {url: "http://new.test/", status: 301}}
      /inner: {redirect: {url: "/files/", internal: YES, status: 307}}
      /hdr: {file.dir: DIR/root, header.add: "X-A: 1", header.set: "X-B: 2", expires: 1 hour}
`,
    {
      "root/index.html": "<p>home</p>",
      "root/a.txt": "text",
      "root/b.css": "body {}",
      "root/c.unknownext": "what",
      "root/sub/d.txt": "deep",
    },
  );
  const rows = [
    "/files/",
    "/files",
    "/files/a.txt",
    "/files/b.css",
    "/files/sub",
    "/files/sub?q=1",
    "/files/nothing",
    "/files/sub/d.txt",
    "/files/%61.txt",
    "/files/x/../a.txt",
    "/to",
    "/to/y?z",
    "/to/slash/",
    "/to/slash/y",
    "/perm/y",
    "/hdr/a.txt",
    "/none",
    "/",
  ];
  for (const target of rows) {
    const [theirs, ours] = await ask(pair, request(target, "Host: h\r\n"));
    assertEquals(comparable(ours), comparable(theirs), target);
  }
  const [theirs, ours] = await ask(pair, request("/inner/a.txt", "Host: h\r\n"));
  assertEquals([ours.status, ours.body], [theirs.status, theirs.body]);
});

/** May differ: the wording of small error pages, and h2o's fixed charset spelling. */
function comparable({ status, fields, body }: Answer): unknown {
  const ours = status === 200 ? /^(content-length|vary)/ : /^(content-length|content-type|vary)/;
  const kept = fields.filter((line) => !ours.test(line))
    .map((line) => line.replace(/; charset=utf-8/, ""));
  const isPage = status !== 200;
  return { status, fields: kept, body: isPage ? "" : body };
}

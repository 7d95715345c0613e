/** compress: what is compressed, for which clients, and with which fields. */
import { assert, assertEquals } from "@std/assert";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { sleep } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { RawConnection } from "../../support/raw_socket.ts";
import { H2oPair } from "./h2o_pair.ts";
import { fieldLines, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

const text = "All work and no play makes Jack a dull boy. ".repeat(2000);

/** Head and decoded body of a chunked response. */
async function get(
  proxy: TestProxy,
  path: string,
  accept: string,
): Promise<{ head: string; body: Uint8Array }> {
  using connection = await RawConnection.open(proxy.address);
  await connection.send(
    `GET ${path} HTTP/1.1\r\nHost: h\r\nAccept-Encoding: ${accept}\r\nConnection: close\r\n\r\n`,
  );
  const head = await connection.readUntil("\r\n\r\n");
  await connection.waitForClose();
  const bytes = await connection.readAll();
  return {
    head,
    body: /transfer-encoding: chunked/i.test(head) ? unchunk(bytes) : bytes,
  };
}

function unchunk(bytes: Uint8Array): Uint8Array {
  const body = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0;;) {
    const lineEnd = bytes.indexOf(0x0d, at);
    const size = parseInt(new TextDecoder().decode(bytes.subarray(at, lineEnd)), 16);
    if (!(size > 0)) return body.subarray(0, length);
    body.set(bytes.subarray(lineEnd + 2, lineEnd + 2 + size), length);
    length += size;
    at = lineEnd + 2 + size + 2;
  }
}

function decoded(body: Uint8Array, encoding: string | null): string {
  const plain = encoding === "br"
    ? brotliDecompressSync(body)
    : encoding === "gzip"
    ? gunzipSync(body)
    : encoding === "zstd"
    ? zstdDecompressSync(body)
    : body;
  return new TextDecoder().decode(plain);
}

function encodingOf(head: string): string | null {
  return fieldLines(head).find((line) => line.startsWith("content-encoding:"))?.slice(18) ?? null;
}

Deno.test("Text is compressed for clients that accept it; other content is unchanged", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    for (
      let head = await peer.readHead();
      head !== null;
      head = await peer.readHead()
    ) {
      const path = head.split(" ")[1];
      const type = path === "/image" ? "image/png" : "text/html; charset=utf-8";
      const extra = path === "/done"
        ? "Content-Encoding: gzip\r\n"
        : path === "/keep"
        ? "Cache-Control: no-transform\r\n"
        : "";
      const body = path === "/short" ? "short" : text;
      await peer.send(
        response(body, `Content-Type: ${type}\r\nETag: "x"\r\n${extra}`),
      );
    }
  });
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    ["compress: ON"],
  );
  const rows: [string, string, string | null][] = [
    ["/", "gzip, br", "br"],
    ["/", "gzip", "gzip"],
    ["/", "br;q=0, gzip", "gzip"],
    ["/", "gzip, zstd", "zstd"],
    ["/", "zstd, br", "br"],
    ["/", "*", "br"],
    ["/", "identity", null],
    ["/image", "gzip", null],
    ["/done", "br", "gzip"],
    ["/keep", "gzip", null],
    ["/short", "gzip", null],
  ];
  for (const [path, accept, expected] of rows) {
    const { head, body } = await get(proxy, path, accept);
    const lines = fieldLines(head);
    const encoding = encodingOf(head);
    assertEquals(encoding, expected, `${path} ${accept}`);
    if (path !== "/") continue;
    assertEquals(decoded(body, encoding), text);
    if (encoding === null) continue;
    assert(
      lines.includes('etag: W/"x"') && lines.includes("vary: accept-encoding"),
      head,
    );
    assert(body.length < text.length / 10);
  }
});

Deno.test("A compressed response is cut when its upstream breaks off", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n${
        text.slice(0, 20000)
      }`,
    );
    await sleep(100);
  });
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    ["gzip: ON"],
  );
  using connection = await RawConnection.open(proxy.address);
  await connection.send(
    "GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n",
  );
  await connection.readUntil("\r\n\r\n");
  assertEquals(await connection.waitForClose(5000), true);
  const rest = new TextDecoder("latin1").decode(await connection.readAll());
  assertEquals(rest.endsWith("0\r\n\r\n"), false);
});

Deno.test("Files are compressed while they are sent, small and large, and never twice", async () => {
  const large = text.repeat(20);
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
compress: [gzip, zstd]
file.send-compressed: ON
hosts: {default: {paths: {/: {file.dir: DIR/root}, /level: {file.dir: DIR/root, compress: {gzip: 9}}}}}
`);
  await proxy.folder.write("root/small.txt", text.slice(0, 5000));
  await proxy.folder.write("root/large.html", large);
  await proxy.folder.write("root/tiny.txt", "tiny");
  await proxy.folder.write("root/image.png", text.slice(0, 5000));
  await proxy.folder.write("root/ready.css", text.slice(0, 5000));
  await proxy.folder.write("root/ready.css.gz", "as it is");
  const rows: [string, string, string | null, string | null][] = [
    ["/small.txt", "gzip", "gzip", text.slice(0, 5000)],
    ["/small.txt", "gzip, zstd", "zstd", text.slice(0, 5000)],
    ["/small.txt", "br", null, text.slice(0, 5000)],
    ["/level/small.txt", "zstd, gzip", "gzip", text.slice(0, 5000)],
    ["/large.html", "zstd", "zstd", large],
    ["/large.html", "gzip", "gzip", large],
    ["/large.html", "identity", null, large],
    ["/tiny.txt", "gzip", null, "tiny"],
    ["/image.png", "gzip", null, null],
    ["/none", "gzip", null, null],
  ];
  for (const [path, accept, expected, content] of [...rows, ...rows]) {
    const { head, body } = await get(proxy, path, accept);
    assertEquals(encodingOf(head), expected, `${path} ${accept}`);
    if (content !== null) assertEquals(decoded(body, expected), content);
    if (expected === null) continue;
    const lines = fieldLines(head);
    assert(lines.some((line) => line.startsWith("etag: W/")), head);
    assert(lines.includes("vary: accept-encoding") && lines.includes("accept-ranges: none"), head);
  }
  const ready = await get(proxy, "/ready.css", "gzip");
  assertEquals(encodingOf(ready.head), "gzip");
  assertEquals(new TextDecoder().decode(ready.body), "as it is");
});

Deno.test("Ranges, 304 responses and HTTP/1.0 are not compressed", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
compress: ON
hosts: {default: {paths: {/: {file.dir: DIR}}}}
`);
  await proxy.folder.write("a.txt", text);
  const accept = "Accept-Encoding: gzip\r\n";
  const { head } = await get(proxy, "/a.txt", "gzip");
  const etag = fieldLines(head).find((line) => line.startsWith("etag:"))!.slice(6);
  const rows: [string, number][] = [
    [`GET /a.txt HTTP/1.1\r\nHost: h\r\n${accept}Range: bytes=0-9\r\n`, 206],
    [`GET /a.txt HTTP/1.1\r\nHost: h\r\n${accept}If-None-Match: ${etag}\r\n`, 304],
    [`GET /a.txt HTTP/1.0\r\n${accept}`, 200],
  ];
  for (const [request, status] of rows) {
    const answer = await proxy.exchange(`${request}Connection: close\r\n\r\n`);
    assertEquals(answer.slice(9, 12), String(status), request);
    assertEquals(encodingOf(answer.slice(0, answer.indexOf("\r\n\r\n") + 2)), null, request);
  }
});

Deno.test("A compressed stream is flushed when it pauses", async () => {
  const { promise: seen, resolve: onSeen } = Promise.withResolvers<void>();
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "5\r\nfirst\r\n",
    );
    await seen;
    await peer.send("4\r\nlast\r\n0\r\n\r\n");
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [
    "compress: ON",
  ]);
  const answer = await fetch(`http://127.0.0.1:${(proxy.address as { port: number }).port}/`, {
    headers: { "accept-encoding": "gzip" },
  });
  let came = "";
  for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
    came += part;
    if (came === "first") onSeen();
  }
  assertEquals(came, "firstlast");
});

Deno.test("A client that reads slowly gets all of a compressed file", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
compress: ON
hosts: {default: {paths: {/: {file.dir: DIR}}}}
`);
  const noise = crypto.getRandomValues(new Uint8Array(65_536));
  const content = Array.from(noise, (byte) => byte.toString(16)).join("").repeat(100);
  await proxy.folder.write("a.txt", content);
  using connection = await RawConnection.open(proxy.address);
  const fields = "Host: h\r\nAccept-Encoding: gzip\r\nConnection: close\r\n";
  await connection.send(`GET /a.txt HTTP/1.1\r\n${fields}\r\n`);
  await connection.readUntil("\r\n\r\n");
  // Long enough for every buffer on the way to fill.
  await sleep(500);
  const parts: Uint8Array[] = [];
  while (!connection.isClosedByPeer) parts.push(await connection.readAll({ idleMs: 2000 }));
  const body = unchunk(await new Blob(parts as BlobPart[]).bytes());
  assertEquals(decoded(body, "gzip") === content, true);
});

Deno.test("A client that disconnects during a compressed file leaks nothing", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
compress: ON
hosts: {default: {paths: {/: {file.dir: DIR}}}}
`);
  const noise = crypto.getRandomValues(new Uint8Array(65_536));
  const digits = Array.from(noise, (byte) => byte.toString(16)).join("");
  await proxy.folder.write("a.txt", digits.repeat(60));
  for (let i = 0; i < 5; i++) {
    using connection = await RawConnection.open(proxy.address);
    await connection.send("GET /a.txt HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
    await connection.readUntil("\r\n\r\n");
  }
  const { head, body } = await get(proxy, "/a.txt", "gzip");
  assertEquals(encodingOf(head), "gzip");
  assertEquals(decoded(body, "gzip").length, digits.length * 60);
});

peerTest(
  "h2o",
  "compress: ON compresses what h2o compresses, with the same fields",
  async () => {
    await using upstream = ScriptedUpstream.start(async (peer) => {
      for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
        const status = head.split(" ")[1].startsWith("/bad") ? "503 Bad" : "200 OK";
        await peer.send(response("x".repeat(500), "Content-Type: text/plain\r\n", status));
      }
    });
    await using pair = await H2oPair.start(
      `listen: {port: PORT, host: 127.0.0.1}
compress: ON
hosts:
  default:
    paths:
      /: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}
      /files: {file.dir: DIR/root}
      /to: {redirect: "http://new.test/${"x".repeat(200)}"}
`,
      {
        "root/a.txt": text.slice(0, 3000),
        "root/large.txt": text,
        "root/a.png": text.slice(0, 3000),
        "root/tiny.txt": "tiny",
      },
    );
    const rows = ["/", "/bad", "/files/a.txt", "/files/large.txt", "/files/a.png"]
      .concat("/files/tiny.txt", "/files/none", "/to/y");
    for (const target of rows) {
      let form: string[] = [];
      for (const start of ["GET 1.1", "HEAD 1.1", "GET 1.0"]) {
        const [method, version] = start.split(" ");
        const answers = await pair.exchange(
          `${method} ${target} HTTP/${version}\r\nHost: h\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n`,
        );
        const [theirs, ours] = answers.map((answer) => {
          const lines = fieldLines(answer.slice(0, answer.indexOf("\r\n\r\n") + 2));
          return lines.filter((line) => /^(vary|content-encoding):/.test(line)).sort();
        });
        if (start === "GET 1.1") {
          form = theirs;
          assertEquals(ours, theirs, `${start} ${target}`);
          continue;
        }
        // h2o sends the plain form without Vary for these two. HEAD is like GET (RFC 9110 9.3.2),
        // and each form says with Vary that others exist (12.5.5).
        assertEquals(theirs, [], `${start} ${target}`);
        const plain = form.filter((line) => line.startsWith("vary:"));
        assertEquals(ours, start === "HEAD 1.1" ? form : plain, `${start} ${target}`);
      }
    }
  },
);

/** Accept-Encoding -> the choice among br and gzip, in this order (RFC 9110 12.5.3). */
const choices: readonly [accept: string, encoding: string | null][] = [
  ["gzip, br", "br"],
  ["gzip, br;q=0.9", "gzip"],
  ["gzip;q=0.5, br", "br"],
  ["gzip;q=0.1, *", "br"],
  ["*;q=0.1, br;q=0.5", "br"],
  ["*", "br"],
  ["br;q=0.1, *", "gzip"],
  ["*;q=0", null],
  ["*;q=0, br", "br"],
  ["gzip;q=0, *;q=0.3", "br"],
  ["identity, gzip;q=0.5", null],
  ["identity;q=0.5, gzip", "gzip"],
  ["", null],
];

Deno.test("compress: every variant has Vary, HEAD is like GET, and weights decide", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      const answer = response(text, 'Content-Type: text/plain\r\nETag: "e"\r\n');
      await peer.send(head.startsWith("HEAD") ? answer.slice(0, -text.length) : answer);
    }
  });
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
compress: [gzip, br]
hosts:
  default:
    paths:
      /up: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}
      /file: {file.dir: DIR}
`);
  await proxy.folder.write("a.txt", text);
  const head = async (method: string, path: string, accept: string) => {
    const answer = await proxy.exchange(
      `${method} ${path} HTTP/1.1\r\nHost: h\r\nAccept-Encoding: ${accept}\r\nConnection: close\r\n\r\n`,
    );
    return answer.slice(0, answer.indexOf("\r\n\r\n") + 4);
  };
  for (const path of ["/up/", "/file/a.txt"]) {
    for (const [accept, encoding] of choices) {
      const got = fieldLines(await head("GET", path, accept), "date");
      assertEquals(encodingOf(await head("GET", path, accept)), encoding, `${path} ${accept}`);
      assertEquals(got.includes("vary: accept-encoding"), true, `${path} ${accept}`);
      assertEquals(fieldLines(await head("HEAD", path, accept), "date"), got, `${path} ${accept}`);
    }
  }
});

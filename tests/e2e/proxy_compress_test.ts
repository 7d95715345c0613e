/** compress: what is compressed, for whom, and what its fields then say. */
import { assert, assertEquals } from "@std/assert";
import { fieldLines, response, ScriptedUpstream, TestProxy } from "./proxy_support.ts";
import { RawConnection } from "../support/raw_socket.ts";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

const text = "All work and no play makes Jack a dull boy. ".repeat(2000);

/** Head and decoded body of a chunked answer. */
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
  const parts: number[] = [];
  const latin = new TextDecoder("latin1").decode(bytes);
  for (let at = 0;;) {
    const lineEnd = latin.indexOf("\r\n", at);
    const size = parseInt(latin.slice(at, lineEnd), 16);
    if (!(size > 0)) return Uint8Array.from(parts);
    parts.push(...bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

Deno.test("Texts are compressed for clients that take it, others are left as they are", async () => {
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
    ["/", "identity", null],
    ["/image", "gzip", null],
    ["/done", "br", "gzip"],
    ["/keep", "gzip", null],
    ["/short", "gzip", null],
  ];
  for (const [path, accept, expected] of rows) {
    const { head, body } = await get(proxy, path, accept);
    const lines = fieldLines(head);
    const encoding = lines.find((line) => line.startsWith("content-encoding:"))?.slice(18) ?? null;
    assertEquals(encoding, expected, `${path} ${accept}`);
    if (path !== "/") continue;
    const plain = encoding === "br"
      ? brotliDecompressSync(body)
      : encoding === "gzip"
      ? gunzipSync(body)
      : body;
    assertEquals(new TextDecoder().decode(plain), text);
    if (encoding === null) continue;
    assert(
      lines.includes('etag: W/"x"') && lines.includes("vary: accept-encoding"),
      head,
    );
    assert(body.length < text.length / 10);
  }
});

Deno.test("A compressed response whose upstream breaks off is cut", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n${
        text.slice(0, 20000)
      }`,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
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

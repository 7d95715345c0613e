/** hayate serve DIR. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";
import { eachBackend, startServe } from "../../support/serve.ts";

function get(port: number, target: string, fields = ""): Promise<string> {
  return rawExchange(
    tcp(port),
    `GET ${target} HTTP/1.1\r\nHost: x\r\n${fields}Connection: close\r\n\r\n`,
  );
}

eachBackend("serve DIR sends files with type, validators and 304", async (backend) => {
  await using served = await startServe({
    args: ["@www"],
    backend,
    files: { "www/index.html": "<p>index", "www/a.css": "p{}", "www/sub/index.html": "sub" },
  });
  const index = await fetch(`${served.url}/`);
  assertEquals(index.headers.get("content-type"), "text/html; charset=UTF-8");
  assertEquals(await index.text(), "<p>index");
  const css = await fetch(`${served.url}/a.css`);
  assertEquals(css.headers.get("content-type"), "text/css; charset=UTF-8");
  await css.text();
  const etag = css.headers.get("etag")!;
  const since = css.headers.get("last-modified")!;
  assertMatch(await get(served.port, "/a.css", `If-None-Match: ${etag}\r\n`), /^HTTP\/1\.1 304 /);
  assertMatch(await get(served.port, "/a.css", `If-Modified-Since: ${since}\r\n`), / 304 /);
  const redirect = await fetch(`${served.url}/sub`, { redirect: "manual" });
  assertEquals([redirect.status, redirect.headers.get("location")], [301, "/sub/"]);
  await redirect.body?.cancel();
  assertMatch(await get(served.port, "/none"), /^HTTP\/1\.1 404 /);
});

eachBackend("serve DIR sends ranges of a large file and the whole of it", async (backend) => {
  const text = Array.from({ length: 400_000 }, (_, i) => i % 10).join("");
  await using served = await startServe({ args: ["@www"], backend, files: { "www/big": text } });
  const whole = await fetch(`${served.url}/big`);
  assertEquals(whole.headers.get("content-length"), "400000");
  assertEquals(await whole.text() === text, true);
  const one = await fetch(`${served.url}/big`, { headers: { range: "bytes=300001-300004" } });
  assertEquals([one.status, await one.text()], [206, "1234"]);
  assertEquals(one.headers.get("content-range"), "bytes 300001-300004/400000");
  const two = await fetch(`${served.url}/big`, { headers: { range: "bytes=0-2,399998-" } });
  const parts = await two.text();
  assertEquals(two.headers.get("content-length"), String(parts.length));
  assertMatch(
    parts,
    /bytes 0-2\/400000\r\n\r\n012\r\n--.*bytes 399998-399999\/400000\r\n\r\n89\r\n--/s,
  );
  const none = await fetch(`${served.url}/big`, { headers: { range: "bytes=400000-" } });
  assertEquals([none.status, none.headers.get("content-range")], [416, "bytes */400000"]);
  await none.body?.cancel();
});

eachBackend("serve DIR sends 10 MB intact to a client that reads slowly", async (backend) => {
  const block = new Uint8Array(10 << 20).map((_, i) => i * 7 + (i >> 12));
  await using served = await startServe({
    args: ["@www"],
    backend,
    files: { "www/x": "" },
    prepare: (folder) => Deno.writeFileSync(`${folder}/www/big.bin`, block),
  });
  using connection = await RawConnection.open(tcp(served.port));
  await connection.send("GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n");
  await connection.readUntil("\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 300));
  const got = await fetch(`${served.url}/big.bin`);
  const bytes = await got.bytes();
  assertEquals(bytes.length, block.length);
  assert(bytes.every((byte, i) => byte === block[i]));
  const slow = await connection.readBytes(block.length);
  assertEquals(slow.length, block.length);
  await connection.send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  assertMatch(await connection.readUntil("\r\n\r\n"), /^HTTP\/1\.1 200 .*Content-Length: 0/s);
});

eachBackend("serve DIR lets no path out of the folder", async (backend) => {
  await using served = await startServe({
    args: ["@www"],
    backend,
    files: { "www/a": "a", "secret": "secret" },
    prepare: (folder) => {
      Deno.symlinkSync("../secret", `${folder}/www/link`);
      Deno.symlinkSync("/dev/zero", `${folder}/www/zero`);
    },
  });
  const targets = ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/a/../../secret", "/link"];
  for (const target of [...targets, "/%00", "/..%5csecret", "/zero", "/%c0%ae%c0%ae/secret"]) {
    const answer = await get(served.port, target);
    assertMatch(answer, /^HTTP\/1\.1 40[034] /, target);
    assert(!answer.includes("\r\n\r\nsecret"), target);
  }
});

eachBackend("serve DIR shows a changed file within a second", async (backend) => {
  await using served = await startServe({ args: ["@www"], backend, files: { "www/a": "old" } });
  assertEquals(await (await fetch(`${served.url}/a`)).text(), "old");
  await Deno.writeTextFile(`${served.folder.path}/www/a`, "newer");
  await served.child.waitUntil("the new text", async () => {
    return await (await fetch(`${served.url}/a`)).text() === "newer" ? true : null;
  });
});

eachBackend(
  "serve DIR sends precompressed siblings and lists folders on request",
  async (backend) => {
    await using served = await startServe({
      args: ["--listing", "@www"],
      backend,
      files: { "www/a.js": "plain", "www/a.js.br": "brotli" },
    });
    const br = await get(served.port, "/a.js", "Accept-Encoding: gzip, br\r\n");
    assertMatch(br, /Content-Encoding: br\r\n.*Vary: Accept-Encoding\r\n.*\r\n\r\nbrotli$/s);
    assertMatch(await get(served.port, "/a.js"), /\r\n\r\nplain$/);
    assertMatch(await get(served.port, "/"), /<a href="\.\/a\.js">a\.js<\/a>/);
    assertMatch(
      await rawExchange(tcp(served.port), "DELETE /a.js HTTP/1.1\r\nHost: x\r\n\r\n"),
      /^HTTP\/1\.1 405 .*Allow: GET, HEAD\r\n/s,
    );
  },
);

eachBackend("serve DIR keeps dot files to itself unless --dot-files allow", async (backend) => {
  const files = { "www/.env": "SECRET=1", "www/.well-known/acme": "token" };
  await using served = await startServe({ args: ["@www"], backend, files });
  assertMatch(await get(served.port, "/.env"), /^HTTP\/1\.1 404 /);
  assertMatch(await get(served.port, "/%2Eenv"), /^HTTP\/1\.1 404 /);
  assertMatch(await get(served.port, "/.well-known/acme"), /\r\n\r\ntoken$/);
  await using open = await startServe({ args: ["--dot-files", "allow", "@www"], backend, files });
  assertMatch(await get(open.port, "/.env"), /\r\n\r\nSECRET=1$/);
});

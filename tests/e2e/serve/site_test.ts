/** hayate serve DIR as a web site: pages of applications, rules, fields, hosts. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { certificateFor } from "../../contract/tls_ends.ts";
import { runHayate } from "../../support/binary.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { eachBackend, type Served, startServe } from "../../support/serve.ts";

interface Answer {
  readonly status: number;
  readonly fields: Headers;
  readonly text: string;
}

/** One request with exactly these fields. */
async function ask(served: Served, target: string, fields = "", method = "GET"): Promise<Answer> {
  const raw = await rawExchange(
    tcp(served.port),
    `${method} ${target} HTTP/1.1\r\n${
      fields.includes("Host:") ? "" : "Host: x\r\n"
    }${fields}Connection: close\r\n\r\n`,
  );
  const [head, text] = raw.split(/\r\n\r\n(.*)/s);
  const [line, ...lines] = head.split("\r\n");
  return {
    status: Number(line.split(" ")[1]),
    fields: new Headers(lines.map((one) => one.split(/: (.*)/).slice(0, 2) as [string, string])),
    text: text ?? "",
  };
}

/** `200 text`, or status and Location. */
async function brief(served: Served, target: string, fields = "", method = "GET"): Promise<string> {
  const { status, fields: got, text } = await ask(served, target, fields, method);
  return `${status} ${got.get("location") ?? text.trim()}`;
}

const html = "Accept: text/html,*/*;q=0.8\r\n";

eachBackend("--spa answers routes and nothing else", async (backend) => {
  await using served = await startServe({
    args: ["--spa", "@www"],
    backend,
    files: {
      "www/index.html": "app",
      "www/a.js": "js",
      "www/bare/x": "x",
      "www/full/index.html": "full",
      "www/.git/HEAD": "ref",
    },
  });
  for (const target of ["/", "/deep/link", "/deep/", "/x?y=1.js", "/bare", "/bare/", "/v1.2/"]) {
    assertEquals(await brief(served, target, html), "200 app", target);
  }
  for (const accept of ["", "Accept: */*\r\n", "Accept: text/*;q=0.1\r\n"]) {
    assertEquals(await brief(served, "/deep", accept), "200 app", accept);
  }
  for (
    const target of ["/b.js", "/deep/b.png", "/.git/HEAD", "/.env", "/.well-known/x", "/.git/"]
  ) {
    assertEquals(await brief(served, target, html), "404 404 Not Found", target);
  }
  for (const accept of ["application/json", "image/*, */*;q=0", "text/html;q=0, */*"]) {
    assertEquals(await brief(served, "/deep", `Accept: ${accept}\r\n`), "404 404 Not Found");
  }
  assertEquals(await brief(served, "/a.js", html), "200 js");
  assertEquals(await brief(served, "/full", html), "301 /full/");
  assertEquals(await brief(served, "/deep", html, "POST"), "405 405 Method Not Allowed");
  const head = await ask(served, "/deep", html, "HEAD");
  assertEquals([head.status, head.text, head.fields.get("content-length")], [200, "", "3"]);
  const route = await ask(served, "/deep", html);
  assertEquals(route.fields.get("vary"), "Accept");
  const etag = `If-None-Match: ${route.fields.get("etag")}\r\n`;
  assertEquals((await ask(served, "/deep", html + etag)).status, 304);
  assertEquals(await brief(served, "/deep", html + "Range: bytes=1-1\r\n"), "206 p");
});

eachBackend("404.html of the nearest folder is the page of a missing file", async (backend) => {
  await using served = await startServe({
    args: ["@www"],
    backend,
    files: {
      "www/404.html": "none here",
      "www/de/404.html": "nicht da",
      "www/de/404.html.gz": "gz",
      "www/a": "a",
    },
  });
  assertEquals(await brief(served, "/x"), "404 none here");
  assertEquals(await brief(served, "/de/x/y"), "404 nicht da");
  assertEquals(await brief(served, "/dex"), "404 none here");
  assertEquals(await brief(served, "/a/"), "404 none here");
  assertEquals(await brief(served, "/.env"), "404 none here");
  assertEquals(await brief(served, "/404.html"), "200 none here");
  const page = await ask(served, "/de/x", "Accept-Encoding: gzip\r\nRange: bytes=0-0\r\n");
  assertEquals([page.status, page.text, page.fields.get("vary")], [404, "gz", "Accept-Encoding"]);
  assertEquals(page.fields.get("etag"), null);
  const same = await ask(served, "/de/x", "If-None-Match: *\r\n");
  assertEquals(same.status, 404);
  const head = await ask(served, "/x", "", "HEAD");
  assertEquals([head.status, head.text, head.fields.get("content-length")], [404, "", "9"]);
  await Deno.remove(`${served.folder.path}/www/404.html`);
  assertEquals(await brief(served, "/x"), "404 404 Not Found");
});

const redirects = `# moved
/old /new
/file /elsewhere 302
/file2 /elsewhere 307!
/blog/:year/* /posts/:year/:splat 308
/shop id=:id /item/:id 302
/app/* /shell.html 200
/gone/* /lost.html 404
/bad
/bad2 /x 299
http://old.example/* https://new.example/:splat 301!
`;

eachBackend("_redirects is followed, bad lines are named", async (backend) => {
  await using served = await startServe({
    args: ["@www"],
    backend,
    files: {
      "www/_redirects": redirects,
      "www/file": "file",
      "www/file2": "file2",
      "www/shell.html": "shell",
      "www/lost.html": "lost",
      "www/app/real.js": "real",
    },
  });
  const expected: [string, string][] = [
    ["/old", "301 /new"],
    ["/old/?a=1", "301 /new?a=1"],
    ["/file", "200 file"],
    ["/file2", "307 /elsewhere"],
    ["/blog/2024/a/b%20c?q", "308 /posts/2024/a/b%20c?q"],
    ["/shop?id=5", "302 /item/5"],
    ["/shop", "404 404 Not Found"],
    ["/app/x/y", "200 shell"],
    ["/app/real.js", "200 real"],
    ["/gone/x", "404 lost"],
    ["/bad", "404 404 Not Found"],
    ["/_redirects", "404 404 Not Found"],
    ["/%5fredirects", "404 404 Not Found"],
    ["/x/../_redirects", "404 404 Not Found"],
  ];
  for (const [target, answer] of expected) assertEquals(await brief(served, target), answer);
  assertEquals(await brief(served, "/x", "Host: Old.example:80\r\n"), "301 https://new.example/x");
  assertEquals(await brief(served, "/old", "", "POST"), "301 /new");
  assertEquals(await brief(served, "/app/x", "", "POST"), "405 405 Method Not Allowed");
  assertEquals((await ask(served, "/app/x", "Range: bytes=0-1\r\n")).text, "sh");
  const log = served.child.stderr;
  assertMatch(log, /www\/_redirects:9: \/bad: has no destination/);
  assertMatch(log, /www\/_redirects:10: \/bad2: found the status 299/);
  await Deno.writeTextFile(`${served.folder.path}/www/_redirects`, "/old /newer\n");
  await served.child.waitUntil("the new rules", async () => {
    return await brief(served, "/old") === "301 /newer" ? true : null;
  });
  assertEquals(await brief(served, "/file2"), "200 file2");
  await Deno.remove(`${served.folder.path}/www/_redirects`);
  await served.child.waitUntil("no rules", async () => {
    return await brief(served, "/old") === "404 404 Not Found" ? true : null;
  });
});

eachBackend("_headers adds, replaces and takes away fields", async (backend) => {
  await using served = await startServe({
    args: ["--security-headers", "@www"],
    backend,
    files: {
      "www/_headers": `/*
  X-All: 1
  Vary: Cookie
/secret/*
  Basic-Auth: me:pass you:word
  ! Referrer-Policy
/type
  Content-Type: text/x-own
  Set-Cookie: a=1
`,
      "www/_redirects": "/moved /type\n",
      "www/type": "t",
      "www/big.txt": "x".repeat(100_000),
      "www/secret/a": "s",
    },
  });
  const type = await ask(served, "/type");
  assertEquals(type.fields.get("content-type"), "text/x-own");
  assertEquals(type.fields.get("x-all"), "1");
  assertEquals(type.fields.get("set-cookie"), "a=1");
  assertEquals(type.fields.get("x-content-type-options"), "nosniff");
  assertEquals(type.fields.get("referrer-policy"), "strict-origin-when-cross-origin");
  assertEquals(type.fields.get("strict-transport-security"), null);
  const known = await ask(served, "/type", `If-None-Match: ${type.fields.get("etag")}\r\n`);
  assertEquals([known.status, known.fields.get("x-all")], [304, "1"]);
  assertEquals(known.fields.get("content-type"), null);
  const big = await ask(served, "/big.txt", "Range: bytes=99990-\r\n");
  assertEquals([big.status, big.text, big.fields.get("vary")], [206, "x".repeat(10), "Cookie"]);
  assertEquals((await ask(served, "/none")).fields.get("x-all"), "1");
  const moved = await ask(served, "/moved");
  assertEquals([moved.fields.get("x-all"), moved.fields.get("x-frame-options")], [
    null,
    "SAMEORIGIN",
  ]);
  const closed = await ask(served, "/secret/a");
  assertEquals([closed.status, closed.fields.get("basic-auth")], [401, null]);
  assertMatch(closed.fields.get("www-authenticate")!, /^Basic realm=/);
  const login = (pair: string) => `Authorization: Basic ${btoa(pair)}\r\n`;
  assertEquals((await ask(served, "/secret/a", login("you:wrong"))).status, 401);
  assertEquals((await ask(served, "/secret/%2e%2e/secret/a")).status, 401);
  const open = await ask(served, "/secret/a", login("you:word"));
  assertEquals([open.text, open.fields.get("referrer-policy")], ["s", null]);
});

eachBackend("--clean-urls leaves .html out", async (backend) => {
  await using served = await startServe({
    args: ["--clean-urls", "@www"],
    backend,
    files: {
      "www/index.html": "index",
      "www/about.html": "about",
      "www/about.html.br": "br",
      "www/both.html": "page",
      "www/both/index.html": "folder",
      "www/plain": "plain",
      "www/plain.html": "html",
      "www/bare/x": "x",
      "www/bare.html": "bare page",
      "www/404.html": "none",
    },
  });
  const expected: [string, string][] = [
    ["/", "200 index"],
    ["/index.html?a=1", "301 /?a=1"],
    ["/index", "301 /"],
    ["/about", "200 about"],
    ["/about/?a", "301 /about?a"],
    ["/about.html?a", "301 /about?a"],
    ["/both", "200 page"],
    ["/both/", "200 folder"],
    ["/both/index.html", "301 /both/"],
    ["/plain", "200 plain"],
    ["/plain.html", "200 html"],
    ["/bare/", "301 /bare"],
    ["/bare", "200 bare page"],
    ["/none", "404 none"],
  ];
  for (const [target, answer] of expected) {
    assertEquals(await brief(served, target), answer, target);
  }
  const br = await ask(served, "/about", "Accept-Encoding: br\r\n");
  assertEquals([br.text, br.fields.get("content-type")], ["br", "text/html; charset=UTF-8"]);
});

eachBackend("--cors answers preflights and names the origin", async (backend) => {
  await using served = await startServe({
    args: ["--cors", "https://app.example", "@www"],
    backend,
    files: { "www/a.txt": "a" },
  });
  const origin = "Origin: https://app.example\r\n";
  const preflight = await ask(
    served,
    "/a.txt",
    `${origin}Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-a, range\r\n`,
    "OPTIONS",
  );
  const field = (answer: Answer, name: string) => answer.fields.get(`access-control-${name}`);
  assertEquals([preflight.status, field(preflight, "allow-origin")], [204, "https://app.example"]);
  assertEquals(field(preflight, "allow-headers"), "x-a, range");
  assertEquals((await ask(served, "/a.txt", origin, "OPTIONS")).status, 405);
  for (const target of ["/a.txt", "/none"]) {
    const answer = await ask(served, target, origin);
    assertEquals(field(answer, "allow-origin"), "https://app.example");
    assertEquals(answer.fields.get("vary"), "Origin");
    const other = await ask(served, target, "Origin: https://evil.example\r\n");
    assertEquals([field(other, "allow-origin"), other.fields.get("vary")], [null, "Origin"]);
  }
  await using open = await startServe({
    args: ["--cors", "*", "@www"],
    backend,
    files: { "www/a.txt": "a" },
  });
  const any = await ask(open, "/a.txt");
  assertEquals([field(any, "allow-origin"), any.fields.get("vary")], ["*", null]);
});

eachBackend("--cache and --site go by file and by host", async (backend) => {
  await using served = await startServe({
    args: [
      ...["--cache", "assets/** immutable", "--cache", "*.html no-cache", "--spa"],
      ...["--site", "b.example=@b", "--site", "*.c.example=@c", "@www"],
    ],
    backend,
    files: {
      "www/index.html": "a",
      "www/assets/x.js": "x",
      "b/index.html": "b",
      "b/_redirects": "/old /new\n",
      "c/index.html": "c",
    },
  });
  const cache = async (target: string, fields = "") =>
    (await ask(served, target, fields)).fields.get("cache-control");
  assertEquals(await cache("/assets/x.js"), "public, max-age=31536000, immutable");
  const { fields } = await ask(served, "/");
  assertEquals(await cache("/", `If-None-Match: ${fields.get("etag")}\r\n`), "no-cache");
  assertEquals(await cache("/route"), "no-cache");
  assertEquals(await cache("/none.js"), null);
  const at = (host: string, target = "/") => brief(served, target, `Host: ${host}\r\n`);
  assertEquals(await at("x"), "200 a");
  assertEquals(await at("B.example.:8080"), "200 b");
  assertEquals(await at("b.example", "/old"), "301 /new");
  assertEquals(await at("x.c.example"), "200 c");
  assertEquals(await at("c.example", "/old"), "200 a");
  await using only = await startServe({
    args: ["--site", "b.example=@b"],
    backend,
    files: { "b/index.html": "b" },
  });
  assertEquals(await brief(only, "/"), "404 404 Not Found: no site of this host");
  assertEquals(await brief(only, "/", "Host: b.example\r\n"), "200 b");
});

/** Undoes a coding, with the system's own tools where Deno has none. */
async function decode(coding: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { brotliDecompressSync, gunzipSync, zstdDecompressSync } = await import("node:zlib");
  const decoders = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync };
  return new TextDecoder().decode(decoders[coding as "br"](bytes));
}

eachBackend(
  "--compress sends every form with Vary, a tag, a length and ranges",
  async (backend) => {
    const small = "body { color: red }\n".repeat(200);
    const large = Array.from({ length: 60_000 }, (_, i) => `line ${i * i}`).join("\n");
    await using served = await startServe({
      args: ["--compress", "@www"],
      backend,
      files: {
        "www/small.css": small,
        "www/large.txt": large,
        "www/own.js": small,
        "www/own.js.gz": "own",
        "www/tiny.css": "p{}",
        "www/404.html": small,
      },
      prepare: (folder) => Deno.writeFileSync(`${folder}/www/a.png`, new Uint8Array(5000)),
    });
    const get = async (target: string, coding: string, fields: Record<string, string> = {}) => {
      const headers = Object.entries({ "accept-encoding": coding, ...fields });
      const flags = headers.flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
      const { success, stdout } = await new Deno.Command("curl", {
        args: ["-sSi", ...flags, `${served.url}${target}`],
      }).output();
      assert(success);
      const text = new TextDecoder("latin1").decode(stdout);
      const end = text.indexOf("\r\n\r\n");
      const [line, ...lines] = text.slice(0, end).split("\r\n");
      const pairs = lines.map((one) => one.split(/: (.*)/).slice(0, 2) as [string, string]);
      return {
        status: Number(line.split(" ")[1]),
        fields: new Headers(pairs),
        body: stdout.slice(end + 4),
      };
    };
    for (const [target, text] of [["/small.css", small], ["/large.txt", large]]) {
      for (const coding of ["br", "zstd", "gzip"]) {
        // Some of them meet while the form is made.
        const answers = await Promise.all([1, 2, 3].map(() => get(target, coding)));
        for (const { status, fields, body } of [...answers, await get(target, coding)]) {
          assertEquals([status, fields.get("content-encoding")], [200, coding]);
          assertEquals(fields.get("vary"), "Accept-Encoding");
          assertEquals(fields.get("content-length"), String(body.length));
          assert(await decode(coding, body) === text, `${target} ${coding}`);
        }
        const { fields, body } = answers[0];
        const etag = fields.get("etag")!;
        const known = await get(target, coding, { "if-none-match": etag });
        assertEquals([known.status, known.fields.get("vary")], [304, "Accept-Encoding"]);
        const part = await get(target, coding, { range: "bytes=5-9", "if-range": etag });
        assertEquals([part.status, part.body], [206, body.slice(5, 10)]);
      }
      const plain = await get(target, "identity");
      assertEquals(plain.fields.get("content-encoding"), null);
      assertEquals(plain.fields.get("vary"), "Accept-Encoding");
      assertEquals(plain.body.length, text.length);
    }
    const own = await get("/own.js", "gzip, br");
    assertEquals(new TextDecoder().decode(own.body), "own");
    assertEquals((await get("/own.js", "br")).fields.get("content-encoding"), "br");
    for (const target of ["/tiny.css", "/a.png"]) {
      const { fields } = await get(target, "br");
      assertEquals([fields.get("content-encoding"), fields.get("vary")], [null, null]);
    }
    const page = await get("/none", "br");
    assertEquals([page.status, await decode("br", page.body)], [404, small]);
    await Deno.writeTextFile(`${served.folder.path}/www/large.txt`, large.slice(1));
    const changed = await get("/large.txt", "br");
    assert(await decode("br", changed.body) === large.slice(1));
  },
);

eachBackend("HTTPS and HTTP/2 get the same, and HSTS", async (backend) => {
  const own = certificateFor("127.0.0.1", "localhost");
  await using served = await startServe({
    args: [
      ...["--tls", "--cert", own.certificateFile, "--key", own.keyFile],
      ...["--security-headers", "--spa", "--compress", "@www"],
    ],
    backend,
    files: {
      "www/index.html": "app".repeat(1000),
      "www/big.txt": "0123456789".repeat(30_000),
      "www/_headers": "/*\n  X-All: 1\n",
      "www/_redirects": "/old /new\n",
    },
  });
  using client = Deno.createHttpClient({
    caCerts: [Deno.readTextFileSync(own.certificateFile)],
    http1: false,
    http2: true,
  });
  const get = (target: string, headers: Record<string, string> = {}) =>
    fetch(`https://localhost:${served.port}${target}`, { client, headers, redirect: "manual" });
  const route = await get("/deep/link");
  assertEquals(await route.text(), "app".repeat(1000));
  assertEquals(route.headers.get("strict-transport-security"), "max-age=15552000");
  assertEquals(route.headers.get("x-all"), "1");
  assertEquals(route.headers.get("vary"), "Accept-Encoding, Accept");
  const big = await get("/big.txt");
  assertEquals((await big.text()).length, 300_000);
  assertEquals(big.headers.get("vary"), "Accept-Encoding");
  const part = await get("/big.txt", { range: "bytes=10-19", "accept-encoding": "identity" });
  assertEquals([part.status, await part.text()], [206, "0123456789"]);
  const old = await get("/old");
  assertEquals([old.status, old.headers.get("location")], [301, "/new"]);
  await old.body?.cancel();
});

Deno.test("flags of static sites refuse what they cannot mean", async () => {
  const cases: [args: string[], expected: RegExp][] = [
    [["--spa", "app.ts"], /--spa is for static files: give DIR/],
    [["--site", "x=/tmp", "--text", "a"], /--site is for static files/],
    [["--site", "x=/tmp", "--site", "X=/"], /--site x: given twice/],
    [["--site", "x"], /--site x: not HOST=FOLDER/],
    [["--cache", "a forever", "."], /--cache "a forever": the policy forever is not immutable/],
    [["--cors", "example.com", "."], /--cors example.com: not \* or an origin/],
    [["--cors", "*", "--cors", "https://a.example", "."], /--cors: \* is every origin/],
  ];
  for (const [args, expected] of cases) {
    const { code, stderr } = await runHayate(["serve", "--port", "0", ...args]);
    assertEquals(code, 2, args.join(" "));
    assertMatch(stderr, expected);
  }
  const { code, stderr } = await runHayate(["serve", "--port", "0", "--site", "x=/nowhere"]);
  assertEquals(code, 1);
  assertMatch(stderr, /\/nowhere: no such folder/);
});

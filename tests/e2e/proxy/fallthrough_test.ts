/** Paths with a folder and a second handler, and error documents: hayate behaves like h2o. */
import { assertEquals } from "@std/assert";
import { peerTest } from "../../support/peers.ts";
import { StrictUpstream } from "../../support/strict_upstream.ts";
import { H2oPair } from "./h2o_pair.ts";
import { parts, response } from "../../support/proxy.ts";

/** Answers with the request and its body; `/deny/STATUS` with that status. */
function upstream(): StrictUpstream {
  return StrictUpstream.start(({ method, target, body }) => {
    const text = `UP ${method} ${target} ${body}`;
    const status = /^\/deny\/(\d+)/.exec(target)?.[1] ?? "200";
    const fields = `Content-Type: text/x-up\r\nRetry-After: 7\r\nX-Up: ${target}\r\n`;
    return response(method === "HEAD" ? "" : text, fields, `${status} Whatever`);
  });
}

const files = {
  "root/index.html": "home",
  "root/a.txt": "text",
  "root/sub/d.txt": "deep",
  "root/empty/.keep": "",
  "root/idxdir/index.html/x": "",
  "root/sub/secret.txt": "",
};

function message(method: string, target: string, fields = ""): string {
  const body = method === "GET" || method === "HEAD" ? "" : "Content-Length: 5\r\n\r\nhello";
  const end = body === "" ? "\r\n" : body;
  const host = fields.startsWith("Host:") ? "" : "Host: h\r\n";
  return `${method} ${target} HTTP/1.1\r\n${host}Connection: close\r\n${fields}${end}`;
}

/** Status, Location, and the origin of the body: our own pages are worded differently. */
function outline(answer: string): string {
  const { status, head, body } = parts(answer);
  const location = /^location: *(\S+)/im.exec(head)?.[1] ?? "";
  const isOwnPage = status >= 300 && !body.startsWith("UP ");
  return [status, location, isOwnPage ? "" : body].join(" ").replace(/127\.0\.0\.1:\d+/g, "");
}

peerTest("h2o", "A folder passes the same requests to the next handler as h2o", async () => {
  await using origin = upstream();
  const url = `http://127.0.0.1:${origin.port}`;
  await using pair = await H2oPair.start(
    `listen: {port: PORT, host: 127.0.0.1}
hosts:
  default:
    paths:
      /: {file.dir: DIR/root, proxy.reverse.url: "${url}/"}
      /seq:
        - file.dir: DIR/root
        - proxy.reverse.url: "${url}/seq/"
      /int:
        - file.dir: DIR/root
        - redirect: {url: /api/, internal: YES, status: 307}
      /int302:
        - file.dir: DIR/root
        - redirect: {url: /api/, internal: YES, status: 302}
      /ext:
        - file.dir: DIR/root
        - redirect: {url: /api/, status: 302}
      /two:
        - file.dir: DIR/root/sub
        - file.dir: DIR/root
      /alone: {file.dir: DIR/root}
      /list: {file.dir: DIR/root, file.dirlisting: ON}
      /listup: {file.dir: DIR/root, file.dirlisting: ON, proxy.reverse.url: "${url}/lu/"}
      /one: {file.file: DIR/root/a.txt, proxy.reverse.url: "${url}/one/"}
      /onegone: {file.file: DIR/root/gone.txt, proxy.reverse.url: "${url}/onegone/"}
      /onedir: {file.file: DIR/root/sub, proxy.reverse.url: "${url}/onedir/"}
      /gone: {file.dir: DIR/gone, proxy.reverse.url: "${url}/gone/"}
      /rev: {proxy.reverse.url: "${url}/rev/", file.dir: DIR/root}
`,
    files,
  );
  const rest = ["/", "/a.txt", "/empty", "/empty/", "/idxdir/", "/none", "/none/", "/a.txt/"]
    .concat(["/a.txt/x", "/sub/d.txt", "/%61.txt", "/sub", "/sub/", "/x%5Cy", "/%E9", "/%0A"]);
  const bases = ["", "/seq", "/int", "/int302", "/ext", "/two", "/alone", "/list", "/listup"];
  const targets = bases.flatMap((base) => rest.map((path) => base + path)).concat(
    ["/one", "/one/", "/one/x", "/onegone", "/onegone/x", "/onedir", "/gone", "/gone/", "/gone/x"],
    ["/rev/a.txt"],
  );
  for (const target of targets) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
      // With a listing, h2o refuses other methods even for missing folders.
      const isReading = method === "GET" || method === "HEAD";
      if (!isReading && /^\/list.*\/none\/$/.test(target)) continue;
      // After its redirect to a GET, h2o answers a HEAD with a body.
      if (method === "HEAD" && target.startsWith("/int302")) continue;
      const [theirs, ours] = await pair.exchange(message(method, target));
      // The markup of listings is compared elsewhere.
      const isListing = /^\/list.*\/(empty|sub)\/$/.test(target) && isReading;
      const [wanted, found] = [theirs, ours].map((answer) =>
        isListing ? String(parts(answer).status) : outline(answer)
      );
      assertEquals(found, wanted, `${method} ${target}`);
    }
  }
  assertEquals(origin.faults, []);
});

peerTest(
  "h2o",
  "A redirect within an internal redirect is followed for the client",
  async () => {
    await using origin = upstream();
    const url = `http://127.0.0.1:${origin.port}`;
    await using pair = await H2oPair.start(
      `listen: {port: PORT, host: 127.0.0.1}
hosts:
  default:
    paths:
      /rd: {file.dir: DIR/root, proxy.reverse.url: "${url}/rd/"}
      /in308: {redirect: {url: /rd, internal: YES, status: 308}}
      /in302: {redirect: {url: /rd, internal: YES, status: 302}}
      /to: {redirect: {url: /rd/, status: 302}}
      /to307: {redirect: {url: /rd/, status: 307}}
      /inTo: {redirect: {url: /to, internal: YES, status: 307}}
      /inTo307: {redirect: {url: /to307, internal: YES, status: 307}}
      /loop: {redirect: {url: /inLoop, status: 302}}
      /inLoop: {redirect: {url: /loop, internal: YES, status: 302}}
`,
      files,
    );
    const rows = ["/in308", "/in308/sub", "/in308/sub?q=1", "/in308/none", "/in302/sub", "/rd/sub"]
      .concat(["/to/sub", "/inTo/a.txt", "/inTo/none", "/inTo307/none", "/inLoop"]);
    for (const target of rows) {
      for (const method of ["GET", "POST"]) {
        const [theirs, ours] = await pair.exchange(message(method, target));
        // h2o turns a POST into a GET but keeps its body, properly framed; hayate drops the body.
        const wanted = outline(theirs).replace(/(UP GET \S+ )hello$/, "$1");
        assertEquals(outline(ours), wanted, `${method} ${target}`);
      }
    }
    assertEquals(origin.faults, []);
  },
);

peerTest("h2o", "An error's document keeps the status and the fields of the error", async () => {
  await using origin = upstream();
  const url = `http://127.0.0.1:${origin.port}`;
  await using pair = await H2oPair.start(
    `listen: {port: PORT, host: 127.0.0.1}
limit-request-body: 1000
hosts:
  default:
    error-doc:
${
      [400, 403, 404, 405, 412, 413, 416, 500, 502, 503]
        .map((status) => `      - {status: ${status}, url: /errors/page.html}`).join("\n")
    }
    paths:
      /: {proxy.reverse.url: "${url}/"}
      /files: {file.dir: DIR/root}
      /onedir: {file.file: DIR/root/sub}
      /dead: {proxy.reverse.url: "http://127.0.0.1:1/"}
  "static.test:PORT":
    error-doc: {status: 404, url: /a.txt}
    paths: {/: {file.dir: DIR/root}}
`,
    files,
  );
  const rows: [string, string, string?][] = [
    ["GET", "/files/none"],
    ["HEAD", "/files/none"],
    ["POST", "/files/none"],
    ["POST", "/files/a.txt"],
    ["GET", "/files/empty/"],
    ["GET", "/onedir"],
    ["GET", "/files/a.txt", "Range: bytes=100-\r\n"],
    ["POST", "/dead/x"],
    ["GET", "/deny/404"],
    ["HEAD", "/deny/404"],
    ["POST", "/deny/404"],
    ["GET", "/deny/500"],
    ["GET", "/deny/503"],
    ["GET", "/deny/401"],
    ["GET", "/deny/200"],
    ["GET", "/none", "Host: static.test:PORT\r\n"],
    ["HEAD", "/none", "Host: static.test:PORT\r\n"],
    ["GET", "/empty/", "Host: static.test:PORT\r\n"],
  ];
  for (const [method, target, fields] of rows) {
    const [theirs, ours] = await pair.exchange(message(method, target, fields));
    const [wanted, found] = [theirs, ours].map((answer) => {
      const { status, head, body } = parts(answer);
      // h2o names no charset.
      const lines = head.toLowerCase().replace("; charset=utf-8", "").split("\r\n").filter((line) =>
        /^(allow|retry-after|content-range|x-up|content-type|etag|content-length):/.test(line)
      );
      // h2o sends the client's body with the error document's request, properly framed.
      return [status, lines.filter((line) => !line.startsWith("content-length")).sort(), body]
        .map((part) => typeof part === "string" ? part.replace(/hello$/, "") : part);
    });
    assertEquals(found, wanted, `${method} ${target}`);
  }
  assertEquals(origin.faults, []);
});

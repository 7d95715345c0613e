import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { FieldWriter, FileExchange } from "../../../mod/static/file_exchange.ts";
import type { FileRequest } from "../../../mod/static/file_request.ts";
import { FileTransfer } from "../../../mod/static/file_transfer.ts";
import { DescriptorOpener } from "../../../mod/static/descriptor_opener.ts";
import { type FileOpener, PlainOpener } from "../../../mod/static/open_file.ts";
import { PlainWatch, watchBy } from "../../../mod/static/path_watch.ts";
import { StatxWatch } from "../../../mod/static/statx_watch.ts";
import type { SiteOptions } from "../../../mod/static/resource_loader.ts";
import { loadMediaTypes } from "../../../mod/static/media_type.ts";
import { StaticSite } from "../../../mod/static/static_site.ts";

let makeOpener: () => FileOpener = () => new PlainOpener();

await loadMediaTypes();

/** Registers `body` once for each way to open files, with its way to look at paths. */
function siteTest(name: string, body: () => void): void {
  const openers = { plain: () => new PlainOpener(), descriptor: () => new DescriptorOpener() };
  for (const [kind, make] of Object.entries(openers)) {
    Deno.test(`${name} (${kind})`, () => {
      makeOpener = make;
      watchBy(kind === "plain" ? PlainWatch : StatxWatch);
      body();
    });
  }
}

interface Rendered {
  status: number;
  fields: Map<string, string>;
  body: Uint8Array;
}

/** An exchange that records its calls; accepts `room` bytes before it applies backpressure. */
class FakeExchange implements FileExchange<Rendered> {
  status = 0;
  fields = new Map<string, string>();
  contentLength = -1;
  body = "";
  ended = false;
  aborted = false;
  room = Infinity;
  constructor(readonly isHead = false) {}
  respond(rendered: Rendered): void {
    this.status = rendered.status;
    this.fields = rendered.fields;
    this.body = this.isHead ? "" : new TextDecoder("latin1").decode(rendered.body);
    this.contentLength = rendered.body.length;
    this.ended = true;
  }
  beginHead(status: number): FieldWriter {
    this.status = status;
    return { field: (name, value) => void this.fields.set(name.toLowerCase(), value) };
  }
  endHead(_framing: number, contentLength: number): void {
    this.contentLength = contentLength;
  }
  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    this.body += new TextDecoder("latin1").decode(bytes.subarray(start, end));
    this.room -= end - start;
    return this.room > 0;
  }
  canSendFile = () => false;
  sendFile(): number {
    throw new Error("not asked for");
  }
  endBody(): void {
    this.ended = true;
  }
  abort(): void {
    this.aborted = true;
  }
}

function render(
  status: number,
  fields: readonly (readonly [string, string])[],
  body: Uint8Array,
): Rendered {
  return {
    status,
    body,
    fields: new Map(fields.map(([name, value]) => [name.toLowerCase(), value])),
  };
}

/** Counts what is opened, and how often. */
class CountingOpener implements FileOpener {
  count = 0;
  readonly #opener = makeOpener();

  open(path: string, rootReal: string | null) {
    this.count++;
    return this.#opener.open(path, rootReal);
  }
}

class Fixture implements Disposable {
  readonly outer = Deno.makeTempDirSync({ prefix: "hayate-static-" });
  readonly root = `${this.outer}/root`;
  readonly site: StaticSite<Rendered>;
  readonly opener = new CountingOpener();
  nowMs = 0;

  constructor(options: Partial<SiteOptions> = {}) {
    Deno.mkdirSync(this.root);
    this.site = new StaticSite<Rendered>({
      options: {
        root: this.root,
        index: ["index.html"],
        listing: false,
        outsideLinks: false,
        dotFiles: false,
        precompressed: true,
        types: null,
        defaultType: "application/octet-stream",
        etag: true,
        contentBytesMax: 1000,
        ...options,
      },
      opener: this.opener,
      render,
    });
  }

  write(name: string, text: string): void {
    Deno.writeTextFileSync(`${this.root}/${name}`, text);
  }

  ask(target: string, fields: Record<string, string> = {}, method = "GET") {
    const x = new FakeExchange(method === "HEAD");
    const outcome = this.site.answer(x, requestOf(target, fields, method), this.nowMs);
    if (typeof outcome === "number") x.status = outcome;
    // A folder without an index.
    if (outcome === "bare") x.status = 403;
    return x;
  }

  [Symbol.dispose](): void {
    this.site.close();
    Deno.removeSync(this.outer, { recursive: true });
  }
}

/** Begins to send "/big"; returns the transfer in progress. */
function begin(fixture: Fixture, x: FakeExchange): FileTransfer<Rendered> {
  const outcome = fixture.site.answer(x, requestOf("/big", {}, "GET"), 0);
  if (outcome instanceof FileTransfer) return outcome;
  throw new Error(`no transfer: ${outcome}`);
}

function requestOf(target: string, fields: Record<string, string>, method: string): FileRequest {
  return {
    target,
    isHead: method === "HEAD",
    isRead: method === "HEAD" || method === "GET",
    isPlain: Object.keys(fields).length === 0,
    acceptEncoding: fields["accept-encoding"] ?? null,
    range: fields["range"] ?? null,
    ifRange: fields["if-range"] ?? null,
    conditions: {
      ifMatch: fields["if-match"] ?? null,
      ifNoneMatch: fields["if-none-match"] ?? null,
      ifModifiedSince: fields["if-modified-since"] ?? null,
      ifUnmodifiedSince: null,
    },
  };
}

siteTest("StaticSite answers a small file from memory with type, length and validators", () => {
  using fixture = new Fixture();
  fixture.write("a.html", "<p>hi");
  const x = fixture.ask("/a.html?x=1");
  assertEquals([x.status, x.body, x.contentLength], [200, "<p>hi", 5]);
  assertEquals(x.fields.get("content-type"), "text/html; charset=UTF-8");
  assertEquals(x.fields.get("accept-ranges"), "bytes");
  assert(x.fields.get("etag")?.startsWith('"'));
  assert(x.fields.get("last-modified")?.endsWith(" GMT"));
  assertEquals(x.fields.has("vary"), false);
});

siteTest("StaticSite answers 304 for the entity tag that it sent", () => {
  using fixture = new Fixture();
  fixture.write("a.txt", "hi");
  const etag = fixture.ask("/a.txt").fields.get("etag")!;
  const x = fixture.ask("/a.txt", { "if-none-match": etag });
  assertEquals([x.status, x.body, x.fields.get("etag")], [304, "", etag]);
});

siteTest("StaticSite sends one range, several ranges and 416", () => {
  using fixture = new Fixture();
  fixture.write("a.txt", "0123456789");
  const one = fixture.ask("/a.txt", { range: "bytes=2-4" });
  assertEquals([one.status, one.body, one.fields.get("content-range")], [
    206,
    "234",
    "bytes 2-4/10",
  ]);
  const two = fixture.ask("/a.txt", { range: "bytes=0-1,8-" });
  assertEquals(two.status, 206);
  assertEquals(two.body.length, two.contentLength);
  assert(two.body.includes("bytes 0-1/10\r\n\r\n01\r\n--"), two.body);
  const none = fixture.ask("/a.txt", { range: "bytes=10-" });
  assertEquals([none.status, none.fields.get("content-range")], [416, "bytes */10"]);
});

siteTest("StaticSite sends the whole file when If-Range names another state", () => {
  using fixture = new Fixture();
  fixture.write("a.txt", "0123456789");
  const etag = fixture.ask("/a.txt").fields.get("etag")!;
  assertEquals(fixture.ask("/a.txt", { range: "bytes=0-0", "if-range": etag }).status, 206);
  assertEquals(fixture.ask("/a.txt", { range: "bytes=0-0", "if-range": '"old"' }).status, 200);
});

siteTest(
  "StaticSite prefers the precompressed sibling that the client takes, unless it is stale",
  () => {
    using fixture = new Fixture();
    fixture.write("a.js", "plain");
    fixture.write("a.js.gz", "zipped");
    const plain = fixture.ask("/a.js");
    assertEquals([plain.body, plain.fields.get("vary")], ["plain", "Accept-Encoding"]);
    const gzip = fixture.ask("/a.js", { "accept-encoding": "gzip, br" });
    assertEquals([gzip.body, gzip.fields.get("content-encoding")], ["zipped", "gzip"]);
    assertEquals(gzip.fields.get("content-type"), "text/javascript; charset=UTF-8");
    assertNotEquals(gzip.fields.get("etag"), plain.fields.get("etag"));
    Deno.utimeSync(`${fixture.root}/a.js.gz`, 1, 1);
    fixture.nowMs = 1000;
    assertEquals(fixture.ask("/a.js", { "accept-encoding": "gzip" }).body, "plain");
  },
);

siteTest(
  "StaticSite serves an index, redirects a folder without slash, and refuses to list",
  () => {
    using fixture = new Fixture();
    Deno.mkdirSync(`${fixture.root}/a b`);
    fixture.write("index.html", "root");
    assertEquals(fixture.ask("/").body, "root");
    const redirect = fixture.ask("/a%20b?q=1");
    assertEquals([redirect.status, redirect.fields.get("location")], [301, "/a%20b/?q=1"]);
    assertEquals(fixture.ask("/a%20b/").status, 403);
    assertEquals(fixture.ask("/index.html/").status, 404);
    assertEquals(fixture.ask("/index.html/x").status, 404);
  },
);

siteTest("StaticSite lists a folder when asked to", () => {
  using fixture = new Fixture({ listing: true });
  fixture.write("b.txt", "b");
  const x = fixture.ask("/");
  assertEquals([x.status, x.fields.get("content-type")], [200, "text/html; charset=UTF-8"]);
  assert(x.body.includes(">b.txt</a>"));
});

siteTest("StaticSite follows links inside the root and none that lead out of it", () => {
  using fixture = new Fixture();
  Deno.writeTextFileSync(`${fixture.outer}/secret`, "secret");
  fixture.write("a.txt", "a");
  Deno.symlinkSync("a.txt", `${fixture.root}/in`);
  Deno.symlinkSync("../secret", `${fixture.root}/out`);
  Deno.symlinkSync(fixture.outer, `${fixture.root}/up`);
  Deno.symlinkSync("loop", `${fixture.root}/loop`);
  assertEquals(fixture.ask("/in").body, "a");
  for (const target of ["/out", "/up/secret", "/up/root/../secret", "/loop", "/dangling"]) {
    assertEquals(fixture.ask(target).status, 404, target);
  }
  using open = new Fixture({ outsideLinks: true });
  Deno.symlinkSync(`${fixture.outer}/secret`, `${open.root}/out`);
  assertEquals(open.ask("/out").body, "secret");
});

siteTest(
  "StaticSite refuses devices, other methods and long names, and never waits for a pipe",
  () => {
    using fixture = new Fixture({ outsideLinks: true });
    Deno.symlinkSync("/dev/zero", `${fixture.root}/zero`);
    const made = new Deno.Command("mkfifo", { args: [`${fixture.root}/pipe`] }).outputSync();
    assertEquals(made.code, 0);
    assertEquals(fixture.ask("/zero").status, 404);
    assertEquals(fixture.ask("/pipe").status, 404);
    assertEquals(fixture.ask("/" + "n".repeat(300)).status, 404);
    assertEquals(fixture.ask("/a", {}, "POST").status, 405);
    assertEquals(fixture.ask("/%00").status, 400);
  },
);

siteTest("StaticSite sees a changed, a replaced and a removed file at once", () => {
  for (const size of [10, 5000]) {
    using fixture = new Fixture();
    const ask = (fields = {}) => {
      fixture.nowMs += 0.01;
      const x = fixture.ask("/a.txt", fields);
      assertEquals(x.body.length, x.contentLength);
      return x;
    };
    fixture.write("a.txt", "1".repeat(size));
    const first = ask();
    assertEquals(first.body, "1".repeat(size));
    const tag = first.fields.get("etag")!;
    // Longer, shorter, and of the same length within the kernel's tick.
    for (const length of [size + 7, size - 7, size - 7]) {
      const text = crypto.randomUUID().repeat(300).slice(0, length);
      fixture.write("a.txt", text);
      assertEquals(ask().body, text);
      assertEquals(ask({ range: "bytes=-3" }).body, text.slice(-3));
      const conditional = ask({ "if-none-match": tag });
      assertEquals([conditional.status, conditional.body], [200, text]);
    }
    fixture.write("b.txt", "other");
    Deno.renameSync(`${fixture.root}/b.txt`, `${fixture.root}/a.txt`);
    assertEquals(ask().body, "other");
    Deno.chmodSync(`${fixture.root}/a.txt`, 0o600);
    assertEquals(ask().body, "other");
    Deno.removeSync(`${fixture.root}/a.txt`);
    fixture.nowMs += 0.01;
    assertEquals(fixture.ask("/a.txt").status, 404);
  }
});

siteTest("StaticSite sees a changed and a removed precompressed sibling at once", () => {
  for (const size of [10, 5000]) {
    using fixture = new Fixture();
    const ask = () => {
      fixture.nowMs += 0.01;
      const x = fixture.ask("/a.js", { "accept-encoding": "gzip" });
      assertEquals(x.body.length, x.contentLength);
      return x;
    };
    fixture.write("a.js", "plain");
    fixture.write("a.js.gz", "z".repeat(size));
    assertEquals(ask().body, "z".repeat(size));
    fixture.write("a.js.gz", "y".repeat(size + 1));
    assertEquals(ask().body, "y".repeat(size + 1));
    Deno.removeSync(`${fixture.root}/a.js.gz`);
    const plain = ask();
    assertEquals([plain.body, plain.fields.get("content-encoding")], ["plain", undefined]);
  }
});

siteTest("StaticSite lists what it would serve, and serves what it lists", () => {
  using fixture = new Fixture({ listing: true, index: [] });
  const names = [
    "a b",
    "back\\slash",
    "new\nline",
    "del\x7f",
    "日本",
    "<&>",
    "100%",
    "a?b#c",
    "q:r",
  ];
  for (const name of names) fixture.write(name, name);
  Deno.mkdirSync(`${fixture.root}/sub`);
  Deno.symlinkSync("sub", `${fixture.root}/link`);
  fixture.write(".env", "hidden");
  Deno.writeTextFileSync(`${fixture.outer}/secret`, "secret");
  Deno.symlinkSync("../secret", `${fixture.root}/out`);
  Deno.symlinkSync("nowhere", `${fixture.root}/dangling`);
  new Deno.Command("mkfifo", { args: [`${fixture.root}/pipe`] }).outputSync();
  // A name in Latin-1, which only a shell can make.
  new Deno.Command("sh", { args: ["-c", `: > "$(printf '%s/caf\\351' "$1")"`, "sh", fixture.root] })
    .outputSync();
  const hrefs = [...fixture.ask("/").body.matchAll(/href="\.(\/[^"]*)"/g)].map(([, href]) => href);
  const expected = ["sub/", "link/", ...names].map((name) =>
    "/" + encodeURIComponent(name).replace(/%2F$/, "/")
  );
  assertEquals(hrefs.toSorted(), expected.toSorted());
  for (const href of hrefs) assertEquals(fixture.ask(href).status, 200, href);
  Deno.removeSync(`${fixture.root}/a b`);
  fixture.nowMs = 30;
  assert(!fixture.ask("/").body.includes("a%20b"), "a removed name disappears at once");
});

siteTest("StaticSite sends a large file at the client's pace and answers HEAD without body", () => {
  using fixture = new Fixture();
  const text = "x".repeat(300_000);
  fixture.write("big", text);
  const head = fixture.ask("/big", {}, "HEAD");
  assertEquals([head.status, head.contentLength, head.body, head.ended], [200, 300_000, "", true]);
  const x = new FakeExchange();
  x.room = 1;
  const transfer = begin(fixture, x);
  assertEquals(x.body.length < 300_000, true);
  let turns = 0;
  while (!transfer.pump(x)) {
    x.room = 1;
    turns++;
  }
  assert(turns > 1);
  assertEquals([x.body === text, x.ended, x.aborted], [true, true, false]);
});

siteTest("StaticSite cuts the connection when the file shrinks under a transfer", () => {
  using fixture = new Fixture();
  fixture.write("big", "x".repeat(300_000));
  const x = new FakeExchange();
  x.room = 1;
  const transfer = begin(fixture, x);
  Deno.truncateSync(`${fixture.root}/big`, 10);
  x.room = Infinity;
  assertEquals(transfer.pump(x), true);
  assertEquals([x.aborted, x.ended], [true, false]);
});

siteTest("StaticSite keeps a file open for its transfer after the cache has dropped it", () => {
  using fixture = new Fixture();
  fixture.write("big", "x".repeat(300_000));
  const x = new FakeExchange();
  x.room = 1;
  const transfer = begin(fixture, x);
  fixture.site.close();
  x.room = Infinity;
  assertEquals(transfer.pump(x), true);
  assertEquals([x.body.length, x.ended], [300_000, true]);
});

siteTest("StaticSite hides names with a leading dot, except .well-known in the root", () => {
  using fixture = new Fixture();
  const [hidden, open] = [
    [
      "/.env",
      "/.git/config",
      "/sub/.env",
      "/%2eenv",
      "/.well-known/.git/config",
      "/sub/.well-known/a",
    ],
    ["/.well-known/a", "/sub/a..txt"],
  ];
  for (const folder of [".git", "sub", ".well-known", ".well-known/.git", "sub/.well-known"]) {
    Deno.mkdirSync(`${fixture.root}/${folder}`);
  }
  for (const target of [...hidden, ...open]) {
    fixture.write(decodeURIComponent(target).slice(1), "text");
  }
  for (const target of [...hidden, "/.git", "/.git/", "/.none"]) {
    assertEquals(fixture.ask(target).status, 404, target);
  }
  for (const target of open) assertEquals(fixture.ask(target).body, "text", target);
  // Names that dot segments remove are not asked for.
  assertEquals(fixture.ask("/.git/../sub/a..txt").body, "text");
  using all = new Fixture({ dotFiles: true });
  all.write(".env", "text");
  assertEquals(all.ask("/.env").body, "text");
});

siteTest("StaticSite remembers what is not there, and shows a file as soon as it is", () => {
  using fixture = new Fixture();
  const opener = fixture.opener;
  for (fixture.nowMs = 1; fixture.nowMs < 5; fixture.nowMs++) {
    assertEquals(fixture.ask(`/none.html?${fixture.nowMs}`).status, 404);
    assertEquals(fixture.ask("/none/deep.html").status, 404);
  }
  // Nothing was opened after the first look.
  assertEquals(opener.count, 2);
  fixture.write("none.html", "now");
  fixture.nowMs++;
  assertEquals(fixture.ask("/none.html").body, "now");
  Deno.mkdirSync(`${fixture.root}/none`);
  fixture.write("none/deep.html", "deep");
  fixture.nowMs++;
  assertEquals(fixture.ask("/none/deep.html").body, "deep");
  Deno.removeSync(`${fixture.root}/none.html`);
  fixture.nowMs++;
  assertEquals(fixture.ask("/none.html").status, 404);
});

siteTest("StaticSite that hands on remembers folders without index, until one comes", () => {
  using fixture = new Fixture({ handsOn: true });
  Deno.mkdirSync(`${fixture.root}/sub`);
  Deno.utimeSync(`${fixture.root}/sub`, 1, 1);
  assertEquals(fixture.ask("/sub/").status, 404);
  fixture.write("sub/index.html", "index");
  fixture.nowMs++;
  assertEquals(fixture.ask("/sub/").body, "index");
});

siteTest("StaticSite remembers a bounded number of misses", () => {
  using fixture = new Fixture();
  for (let i = 0; i < 3000; i++) fixture.ask(`/${i}`);
  const { count } = fixture.opener;
  fixture.nowMs++;
  fixture.ask("/2999");
  assertEquals(fixture.opener.count, count);
  fixture.ask("/0");
  assertEquals(fixture.opener.count, count + 1);
});

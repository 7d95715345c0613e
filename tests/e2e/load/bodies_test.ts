/** Where `hayate load` takes a request's body from. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";

/** Runs two requests with these flags; returns the bodies that arrived. */
async function bodiesOf(...flags: string[]): Promise<string[]> {
  const bodies: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      bodies.push(`${request.method} ${await request.text()}`);
      return new Response();
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const { code, stderr } = await runHayate(["load", "-n2", "-c1", ...flags, url]);
  assertEquals([code, stderr], [0, ""]);
  return bodies;
}

Deno.test("load -b sends text, the file after @, and text that begins with @ after @@", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("body.json", '{"a": "@"}\n');
  for (
    const [flags, body] of [
      [["-b", "a=1"], "a=1"],
      [["-b", ""], ""],
      [["-b", `@${file}`], '{"a": "@"}\n'],
      [["-b", "@@home"], "@home"],
      [["-b", "@@"], "@"],
      [["-b", "@@@"], "@@"],
      [["--body-file", file], '{"a": "@"}\n'],
    ] as const
  ) {
    assertEquals(await bodiesOf(...flags), [`POST ${body}`, `POST ${body}`], `${flags}`);
  }
});

Deno.test("load -b names a file that is missing", async () => {
  const missing = await runHayate(["load", "-b", "@/no/such", "http://127.0.0.1:9/"]);
  assertEquals([missing.code, missing.stderr], [1, "hayate load: /no/such: no such file\n"]);
  const empty = await runHayate(["load", "-b", "@", "http://127.0.0.1:9/"]);
  assertEquals(empty.code, 2);
  assertStringIncludes(empty.stderr, "--body @: the file's name is missing; @@ is an @");
});

/** Takes requests of `bodyBytes` each, and answers each one when its first bytes are there. */
class EarlyServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #served: Promise<void>;
  /** Of the requests whose bodies came to their end. */
  readonly heads: string[] = [];

  constructor(bodyBytes: number) {
    // The client may end in the middle of the last body.
    this.#served = this.#serve(bodyBytes).catch((error) => {
      const isEnd = error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.BrokenPipe;
      if (!isEnd) throw error;
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}/`;
  }

  async #serve(bodyBytes: number): Promise<void> {
    const connection = await this.#listener.accept();
    const answer = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    const decoder = new TextDecoder("latin1");
    let head = "";
    let left = 0;
    for await (const bytes of connection.readable) {
      for (let at = 0; at < bytes.length;) {
        const skipped = Math.min(left, bytes.length - at);
        at += skipped;
        left -= skipped;
        if (skipped > 0 && left === 0) this.heads.push(head);
        if (left > 0 || at === bytes.length) continue;
        const text = decoder.decode(bytes.subarray(at));
        const end = text.indexOf("\r\n\r\n");
        // A head comes whole with its first bytes: the client writes it in one piece with its body.
        head = text.slice(0, end);
        at += end + 4;
        left = bodyBytes;
        await connection.write(answer);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#served;
  }
}

Deno.test("load sends the rest of a body that is answered early before the next request", async () => {
  await using folder = await tempFolder();
  // More than the buffers of both ends take.
  const bodyBytes = 32 << 20;
  const file = await folder.write("body", "x".repeat(bodyBytes));
  await using server = new EarlyServer(bodyBytes);
  const { code, stdout, stderr } = await runHayate(
    ["load", "-n", "5", "-c", "1", "-X", "POST", "--body-file", file, server.url],
  );
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "\n  5 requests in ");
  assertEquals(/errors|Failed/.test(stdout), false, stdout);
  // The run ends with the last answer.
  assertEquals(server.heads.slice(0, 4).map((head) => head.split("\r\n")[0]), [
    ...Array(4).fill("POST / HTTP/1.1"),
  ]);
});

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

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { compileFloor } from "../../../../scripts/benchmarks/floor.ts";
import { findProgram } from "../../../../scripts/benchmarks/programs.ts";
import { parseWrkOutput } from "../../../../scripts/benchmarks/wrk_output.ts";
import { peerTest } from "../../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../../support/ports.ts";

async function untilAccepting(where: Deno.ConnectOptions | Deno.UnixConnectOptions): Promise<void> {
  const { ConnectionRefused, NotFound } = Deno.errors;
  while (true) {
    try {
      (where.transport === "unix" ? await Deno.connect(where) : await Deno.connect(where)).close();
      return;
    } catch (error) {
      if (!(error instanceof ConnectionRefused || error instanceof NotFound)) throw error;
      await delay(10);
    }
  }
}

/** Starts a program of the floor; it accepts when this returns. */
async function start(program: string, ...words: readonly string[]) {
  const port = freePort();
  const child = new Deno.Command(findProgram(program)!, {
    args: [String(port), ...words],
    stdin: "null",
  }).spawn();
  await untilAccepting({ transport: "tcp", hostname: "127.0.0.1", port });
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

async function compiled(folder: TempFolder): Promise<void> {
  assertEquals(await compileFloor(folder.path), null);
}

const heads = async (url: string, count: number) => {
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const response = await fetch(url);
    assertEquals(response.status, 200);
    seen.add(`${await response.text()}${response.headers.get("etag")}`);
  }
  return seen.size;
};

peerTest("cc", "the floor's server answers alike, or each time with other heads", async () => {
  await using folder = await tempFolder();
  await compiled(folder);
  await using same = await start("floor/server");
  assertEquals(await heads(same.url, 5), 1);
  await using varied = await start("floor/server", "varied");
  assertEquals(await heads(varied.url, 5), 5);
});

peerTest(
  "cc",
  "the floor's server sends a file, reads a body, closes, and keeps silent",
  async () => {
    await using folder = await tempFolder();
    await compiled(folder);
    const content = "0123456789".repeat(50_000);
    await using file = await start("floor/server", "file", await folder.write("a", content));
    assertEquals(await (await fetch(file.url)).text(), content);
    await using empty = await start("floor/server", "file", await folder.write("b", ""));
    assertEquals(await (await fetch(empty.url)).text(), "");
    await using sink = await start("floor/server", "sink");
    for (const body of [content, "a", content]) {
      assertEquals(await (await fetch(sink.url, { method: "POST", body })).text(), "hello world\n");
    }
    await using closing = await start("floor/server", "close");
    const response = await fetch(closing.url);
    assertEquals([await response.text(), response.headers.get("connection")], [
      "hello world\n",
      "close",
    ]);
    await using silent = await start("floor/server", "silent");
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: silent.port });
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    // Closing the connection ends the read.
    const answered = conn.read(new Uint8Array(1)).then(() => true, () => false);
    assertEquals(await Promise.race([answered, delay(200).then(() => false)]), false);
  },
);

peerTest(
  "cc",
  "the floor's proxy and client reach the server, over unix sockets, too",
  async () => {
    await using folder = await tempFolder();
    await compiled(folder);
    await using server = await start("floor/server", "varied");
    await using proxy = await start("floor/proxy", String(server.port));
    assertEquals(await heads(proxy.url, 5), 5);
    await using closing = await start("floor/server", "close");
    for (
      const args of [
        [String(server.port), "10", "0.3"],
        [String(proxy.port), "10", "0.3", "varied"],
        [String(closing.port), "10", "0.3", "close"],
      ]
    ) {
      const { code, stdout } = await new Deno.Command(findProgram("floor/client")!, { args })
        .output();
      const { requests, errors } = parseWrkOutput(new TextDecoder().decode(stdout));
      assert(code === 0 && requests > 10 && errors === 0, `${args}: ${requests}`);
    }
    const socket = `${folder.path}/s`;
    const child = new Deno.Command(findProgram("floor/server")!, { args: [socket] }).spawn();
    try {
      await untilAccepting({ transport: "unix", path: socket });
      const args = [socket, "10", "0.3"];
      const { code } = await new Deno.Command(findProgram("floor/client")!, { args }).output();
      assertEquals(code, 0);
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
  },
);

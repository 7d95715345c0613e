/** Large request bodies, wanted in one piece or as a stream, and what may happen in their middle. */
import { assertEquals, assertMatch } from "@std/assert";
import { sleep } from "../../support/binary.ts";
import { RawConnection, tcp } from "../../support/raw_socket.ts";
import {
  appWith,
  type Backend,
  eachBackend,
  type Served,
  startServe,
} from "../../support/serve.ts";

/** By path: how the body is read; answers with its length and whether each byte is in its place. */
const app = appWith(`async (request) => {
  const path = new URL(request.url).pathname;
  let length = 0, isRight = true;
  const check = (bytes) => {
    for (const byte of bytes) isRight = isRight && byte === length++ % 251;
  };
  if (path === "/early") return new Response("early");
  if (path === "/cancel") {
    await request.body.cancel();
    return new Response("cancelled");
  }
  try {
    if (path === "/late") await new Promise((resolve) => setTimeout(resolve, 100));
    if (path === "/buffer" || path === "/late") check(new Uint8Array(await request.arrayBuffer()));
    else if (path === "/text") {
      const text = await request.text();
      for (let i = 0; i < text.length; i++) isRight = isRight && text.charCodeAt(i) === 120;
      length = text.length;
    } else if (path === "/byob") {
      const reader = request.body.getReader({ mode: "byob" });
      for (let view = new Uint8Array(100000);;) {
        const { value, done } = await reader.read(view);
        if (done) break;
        check(value);
        view = new Uint8Array(value.buffer);
      }
    } else {
      for await (const chunk of request.body) {
        check(chunk);
        if (path === "/slow") await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  } catch (error) {
    console.log(path + " " + error.name);
    throw error;
  }
  return new Response(path + " " + length + " " + isRight);
}`);

function start(backend: Backend, ...flags: string[]): Promise<Served> {
  return startServe({ args: [...flags, "@app.js"], backend, files: { "app.js": app } });
}

/** Large enough for a dozen of the largest reads, and no multiple of any. */
const length = 3_141_593;
const body = Uint8Array.from({ length }, (_, i) => i % 251);

const head = (path: string, fields = `Content-Length: ${length}`) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`;
const ping = "GET /early HTTP/1.1\r\nHost: x\r\n\r\n";

eachBackend(
  "a large body is read whole and right, and what follows it is a request",
  async (backend) => {
    await using served = await start(backend);
    for (const path of ["/buffer", "/late", "/chunks", "/slow", "/byob"]) {
      using client = await RawConnection.open(tcp(served.port));
      for (let round = 0; round < 2; round++) {
        await client.send(head(path));
        await client.send(body);
        // Right behind the body, so that it comes with the body's last bytes.
        await client.send(ping);
        await client.readUntil(`${path} ${length} true`);
        await client.readUntil("\r\n\r\nearly");
      }
    }
  },
);

eachBackend("a large body in small pieces, and one in chunks, are read whole", async (backend) => {
  await using served = await start(backend);
  for (const path of ["/buffer", "/chunks"]) {
    using client = await RawConnection.open(tcp(served.port));
    await client.send(head(path, "Content-Length: 300000"));
    for (let at = 0; at < 300_000; at += 2_000) await client.send(body.subarray(at, at + 2_000));
    await client.readUntil(`${path} 300000 true`);
    await client.send(head(path, "Transfer-Encoding: chunked"));
    for (let at = 0; at < 2_000_000; at += 500_000) {
      await client.send(`${(500_000).toString(16)}\r\n`);
      await client.send(body.subarray(at, at + 500_000));
      await client.send("\r\n");
    }
    await client.send("0\r\n\r\n");
    await client.readUntil(`${path} 2000000 true`);
  }
});

eachBackend("a large body can be text, and may wait for 100 (Continue)", async (backend) => {
  await using served = await start(backend);
  using client = await RawConnection.open(tcp(served.port));
  await client.send(head("/text", `Expect: 100-continue\r\nContent-Length: ${length}`));
  await client.readUntil("HTTP/1.1 100 Continue\r\n\r\n");
  await client.send("x".repeat(length));
  await client.readUntil(`/text ${length} true`);
});

eachBackend(
  "a body that its app does not want is dropped, and the next request is answered",
  async (backend) => {
    await using served = await start(backend);
    for (const [path, answer] of [["/early", "early"], ["/cancel", "cancelled"]]) {
      using client = await RawConnection.open(tcp(served.port));
      await client.send(head(path, "Content-Length: 250000"));
      await client.send(body.subarray(0, 250_000));
      await client.readUntil(`\r\n\r\n${answer}`);
      await client.send(ping);
      await client.readUntil("\r\n\r\nearly");
    }
  },
);

eachBackend(
  "an app gets an error when its client leaves in the middle of a body",
  async (backend) => {
    await using served = await start(backend);
    for (const path of ["/buffer", "/chunks"]) {
      {
        using client = await RawConnection.open(tcp(served.port));
        await client.send(head(path));
        await client.send(body.subarray(0, 1_000_000));
        await sleep(50);
      }
      await served.child.waitForLine(new RegExp(`${path} AbortError`));
    }
    using client = await RawConnection.open(tcp(served.port));
    await client.send(ping);
    await client.readUntil("\r\n\r\nearly");
  },
);

eachBackend(
  "a body in chunks that grows beyond the limit is refused while it is collected",
  async (backend) => {
    await using served = await start(backend, "--max-body", "1m");
    using client = await RawConnection.open(tcp(served.port));
    await client.send(head("/buffer", "Transfer-Encoding: chunked"));
    await client.send(`${length.toString(16)}\r\n`);
    await client.send(body.subarray(0, 1_200_000));
    assertMatch(await client.readUntil("\r\n\r\n"), /^HTTP\/1.1 413 /);
  },
);

eachBackend("a body that is on its way when the server stops is still read", async (backend) => {
  await using served = await start(backend);
  using client = await RawConnection.open(tcp(served.port));
  await client.send(head("/buffer"));
  await client.send(body.subarray(0, 1_000_000));
  await sleep(50);
  served.child.kill("SIGTERM");
  await sleep(100);
  await client.send(body.subarray(1_000_000));
  await client.readUntil(`/buffer ${length} true`);
  assertEquals((await served.child.status).code, 0);
});

/** Streaming both ways: framing, back-pressure, failures in the middle. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sleep } from "../../support/binary.ts";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";
import { appWith, eachBackend, startServe } from "../../support/serve.ts";

const parts = `() => {
  let count = 0;
  return new Response(new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (++count > 3) controller.close();
      else controller.enqueue(new TextEncoder().encode("part" + count));
    },
  }));
}`;
const request11 = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

eachBackend(
  "a stream without length is chunked for 1.1 and close-delimited for 1.0",
  async (backend) => {
    await using served = await startServe({
      args: ["@app.js"],
      backend,
      files: { "app.js": appWith(parts) },
    });
    const chunked = await rawExchange(tcp(served.port), request11);
    assertMatch(chunked, /Transfer-Encoding: chunked\r\n/);
    assert(chunked.endsWith("5\r\npart1\r\n5\r\npart2\r\n5\r\npart3\r\n0\r\n\r\n"), chunked);
    const old = await rawExchange(
      tcp(served.port),
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    );
    assert(old.endsWith("\r\n\r\npart1part2part3"), old);
    assert(!/Transfer-Encoding|Content-Length/i.test(old), old);
  },
);

eachBackend("--chunked never ends streams with the connection", async (backend) => {
  await using served = await startServe({
    args: ["--chunked", "never", "@app.js"],
    backend,
    files: { "app.js": appWith(parts) },
  });
  const answer = await rawExchange(tcp(served.port), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert(answer.endsWith("\r\n\r\npart1part2part3"), answer);
  assertMatch(answer, /Connection: close\r\n/);
});

eachBackend("a stream with content-length keeps it, unless --chunked always", async (backend) => {
  const body =
    `() => new Response(new Response("12345").body, { headers: { "content-length": "5" } })`;
  for (const mode of ["auto", "always"]) {
    await using served = await startServe({
      args: ["--chunked", mode, "@app.js"],
      backend,
      files: { "app.js": appWith(body) },
    });
    const answer = await rawExchange(tcp(served.port), request11);
    const wanted = mode === "auto"
      ? /Content-Length: 5\r\n.*\r\n12345$/s
      : /5\r\n12345\r\n0\r\n\r\n$/;
    assertMatch(answer, wanted);
  }
});

eachBackend("a stream that fails cuts the connection, never a wrong length", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: {
      "app.js": appWith(`() => {
        let count = 0;
        return new Response(new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 20));
            if (++count > 2) controller.error(new Error("stream failed"));
            else controller.enqueue(new TextEncoder().encode("part" + count));
          },
        }));
      }`),
    },
  });
  const answer = await rawExchange(tcp(served.port), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert(!answer.includes("0\r\n\r\n"), answer);
  assertMatch(answer, /part1/);
  await served.child.waitForLine(/\[error\] app failed on GET \/: Error: stream failed/);
  assertMatch(await rawExchange(tcp(served.port), request11), /part1/);
});

eachBackend("a request body streams through to the response", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: { "app.js": appWith(`(request) => new Response(request.body)`) },
  });
  using connection = await RawConnection.open(tcp(served.port));
  await connection.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  await connection.send("3\r\nabc\r\n");
  assertMatch(await connection.readUntil("3\r\nabc\r\n"), /^HTTP\/1\.1 200 /);
  await connection.send("2\r\nde\r\n0\r\n\r\n");
  assertEquals(await connection.readUntil("0\r\n\r\n"), "2\r\nde\r\n0\r\n\r\n");
  await connection.send(request11);
  assertMatch(await connection.readUntil("\r\n\r\n"), /^HTTP\/1\.1 200 /);
});

eachBackend("a client that does not read holds a stream back", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: {
      "app.js": `let bytes = 0;
export default { fetch(request) {
  if (new URL(request.url).pathname === "/bytes") return new Response(String(bytes));
  return new Response(new ReadableStream({
    pull(controller) { bytes += 65536; controller.enqueue(new Uint8Array(65536)); },
  }));
} };`,
    },
  });
  using slow = await RawConnection.open(tcp(served.port));
  await slow.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  let before = -1;
  let now = 0;
  for (let i = 0; i < 100 && now !== before; i++) {
    await sleep(100);
    before = now;
    now = Number(await (await fetch(`${served.url}/bytes`)).text());
    if (now === 0) before = -1;
  }
  assertEquals(now, before, "the stream continues although no client reads");
  assert(now > 0 && now < 64 << 20, `${now} bytes were made for a client that reads none`);
});

eachBackend("a handler that does not read holds the client back", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: {
      "app.js": appWith(`async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 600));
        let bytes = 0;
        for await (const chunk of request.body) bytes += chunk.length;
        return new Response(String(bytes));
      }`),
    },
  });
  using connection = await RawConnection.open(tcp(served.port));
  const length = 32 << 20;
  await connection.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  const chunk = new Uint8Array(1 << 20);
  let sent = 0;
  const sending = (async () => {
    for (; sent < length; sent += chunk.length) await connection.send(chunk);
  })();
  await sleep(300);
  assert(sent < length, "all of it was taken while the handler slept");
  await sending;
  assertMatch(await connection.readUntil(`\r\n\r\n${length}`), /^HTTP\/1\.1 200 /);
});

eachBackend("trailers follow a streamed body", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: {
      "app.js": appWith(`(request, info) => {
        info.setTrailers({ "x-sum": "42" });
        return new Response(new Response("body").body.pipeThrough(new TransformStream()));
      }`),
    },
  });
  const answer = await rawExchange(tcp(served.port), request11);
  assertMatch(answer, /4\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n$/);
});

eachBackend("trailers of a request are there when its body has been read", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: {
      "app.js": appWith(`async (request, info) => {
        const before = info.trailers.get("x-sum");
        return new Response([await request.text(), before, info.trailers.get("x-sum")].join());
      }`),
    },
  });
  const answer = await rawExchange(
    tcp(served.port),
    "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n",
  );
  assertMatch(answer, /\r\n\r\nabc,,42$/);
});

eachBackend("Expect: 100-continue is answered when the body is wanted", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: { "app.js": appWith(`async (request) => new Response(await request.text())`) },
  });
  using connection = await RawConnection.open(tcp(served.port));
  await connection.send(
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
  );
  assertEquals(await connection.readUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  await connection.send("abc");
  assertMatch(await connection.readUntil("\r\n\r\nabc"), /^HTTP\/1\.1 200 /);
});

eachBackend("TERM lets a running request finish and refuses new connections", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: {
      "app.js": appWith(`async () => {
        console.error("begun");
        await new Promise((resolve) => setTimeout(resolve, 500));
        return new Response("done");
      }`),
    },
  });
  using connection = await RawConnection.open(tcp(served.port));
  await connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await served.child.waitForLine("begun");
  served.child.kill("SIGTERM");
  await served.child.waitForLine("received TERM");
  await served.child.waitUntil(
    "refused connections",
    () => RawConnection.open(tcp(served.port)).then((late) => (late.close(), null), () => true),
  );
  const answer = await connection.readUntil("\r\n\r\ndone");
  assertMatch(answer, /Connection: close\r\n/);
  assertEquals((await served.child.result()).code, 0);
});

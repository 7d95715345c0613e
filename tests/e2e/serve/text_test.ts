/** hayate serve --text, and what every served connection has. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runHayate, startHayate } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { RawConnection, rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { eachBackend, startServe } from "../../support/serve.ts";

eachBackend("serve --text answers GET, HEAD and POST with its text", async (backend) => {
  await using served = await startServe({ args: ["--text", "hello wörld"], backend });
  for (const method of ["GET", "POST"]) {
    const body = method === "POST" ? { body: "ignored" } : {};
    const response = await fetch(served.url, { method, ...body });
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/plain; charset=utf-8");
    assertEquals(response.headers.get("content-length"), "12");
    assertEquals(response.headers.get("server"), "hayate/0.1.0");
    assert(Math.abs(Date.parse(response.headers.get("date") ?? "") - Date.now()) < 5000);
    assertEquals(await response.text(), "hello wörld");
  }
  const head = await rawExchange(
    tcp(served.port),
    "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  );
  assertMatch(head, /^HTTP\/1\.1 200 OK\r\n/);
  assertMatch(head, /Content-Length: 12\r\n/);
  assert(head.endsWith("\r\n\r\n"), head);
});

eachBackend("serve answers pipelined requests in order on one connection", async (backend) => {
  await using served = await startServe({ args: ["--text", "x"], backend });
  using connection = await RawConnection.open(tcp(served.port));
  await connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50));
  for (let i = 0; i < 50; i++) {
    assertMatch(await connection.readUntil("\r\n\r\nx"), /^HTTP\/1\.1 200/);
  }
});

eachBackend("serve keeps an HTTP/1.0 connection only when asked to", async (backend) => {
  await using served = await startServe({ args: ["--text", "x"], backend });
  const closing = await rawExchange(tcp(served.port), "GET / HTTP/1.0\r\n\r\n");
  assertMatch(closing, /Connection: close\r\n/);
  using kept = await RawConnection.open(tcp(served.port));
  for (let i = 0; i < 2; i++) {
    await kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assertMatch(await kept.readUntil("\r\n\r\nx"), /Connection: keep-alive\r\n/);
  }
});

eachBackend("serve listens on a unix socket and removes its file at the end", async (backend) => {
  await using folder = await tempFolder();
  const path = `${folder.path}/s.sock`;
  const env = { HAYATE_REACTOR: backend };
  await using child = startHayate(["serve", "--path", path, "--path-mode", "0600", "--text", "u"], {
    env,
  });
  await child.waitForSocket(unix(path));
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  const answer = await rawExchange(
    unix(path),
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  );
  assertMatch(answer, /\r\n\r\nu$/);
  const { code } = await child.stop("SIGTERM");
  assertEquals(code, 0);
  assertEquals(await Deno.stat(path).catch((error) => error.name), "NotFound");
});

eachBackend("serve ends at once and with code 0 on TERM, INT and QUIT", async (backend) => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) {
    await using served = await startServe({ args: ["--text", "x"], backend });
    assertEquals((await served.child.stop(signal)).code, 0, signal);
  }
});

Deno.test("serve reports a port in use in one line and exits with 1", async () => {
  await using served = await startServe({ args: ["--text", "x"] });
  const args = ["serve", "--host", "127.0.0.1", "--port", String(served.port), "--text", "y"];
  const { code, stderr } = await runHayate(args);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    `hayate serve: 127.0.0.1:${served.port} in use: another process listens on it\n`,
  );
});

Deno.test("serve accepts port 0 and reports the port it got", async () => {
  await using child = startHayate(["serve", "--host", "127.0.0.1", "--port", "0", "--text", "x"]);
  const line = await child.waitForLine(/listening on http:\/\/127\.0\.0\.1:\d+\//);
  const answer = await fetch(line.replace("listening on ", ""));
  assertEquals(await answer.text(), "x");
});

Deno.test("serve listens on several ports and paths at once", async () => {
  await using folder = await tempFolder();
  const second = freePort();
  const path = `${folder.path}/s.sock`;
  await using served = await startServe({
    args: ["--port", String(second), "--path", path, "--text", "x"],
  });
  await served.child.waitForSocket(unix(path));
  for (const address of [tcp(served.port), tcp(second), unix(path)]) {
    const answer = await rawExchange(address, "GET / HTTP/1.0\r\n\r\n");
    assertMatch(answer, /\r\n\r\nx$/);
  }
});

Deno.test("serve reports every wrong flag at once and exits with 2", async () => {
  const { code, stderr } = await runHayate([
    "serve",
    "--prot",
    "1",
    "--workers",
    "x",
    "--text",
    "y",
  ]);
  assertEquals(code, 2);
  assertMatch(stderr, /unknown flag --prot.*--port/);
  assertMatch(stderr, /--workers x/);
});

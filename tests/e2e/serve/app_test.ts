/** hayate serve APP.js: what a fetch handler is given and how its Response reaches the client. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";
import { appWith, eachBackend, startServe } from "../../support/serve.ts";

const app = "@app.js";

eachBackend("a handler is given a Request with method, url, headers and body", async (backend) => {
  await using served = await startServe({
    args: [app],
    backend,
    files: {
      "app.js": appWith(`async (request, info) => Response.json({
        isRequest: request instanceof Request,
        method: request.method,
        url: request.url,
        header: request.headers.get("X-Test"),
        names: [...request.headers.keys()].length,
        body: await request.text(),
        used: request.bodyUsed,
        remote: info.remoteAddr,
      })`),
    },
  });
  const response = await fetch(`${served.url}/a%20b?q=1`, {
    method: "POST",
    headers: { "x-test": "v" },
    body: "payload",
  });
  const got = await response.json();
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(got.isRequest, true);
  assertEquals([got.method, got.url], ["POST", `${served.url}/a%20b?q=1`]);
  assertEquals([got.header, got.body, got.used], ["v", "payload", true]);
  assert(got.names >= 3);
  assertEquals([got.remote.transport, got.remote.hostname], ["tcp", "127.0.0.1"]);
  assertEquals(typeof got.remote.port, "number");
});

eachBackend("bodies of all kinds reach the client as they are", async (backend) => {
  await using served = await startServe({
    args: [app],
    backend,
    files: {
      "app.js": appWith(`(request) => {
        switch (new URL(request.url).pathname) {
          case "/text": return new Response("wörld");
          case "/bytes": return new Response(new Uint8Array([1, 2, 255]));
          case "/empty": return new Response(null, { status: 204 });
          case "/status": return new Response("teapot", { status: 418, statusText: "I am" });
          case "/blob": return new Response(new Blob(["blob"], { type: "text/x" }));
          case "/large": return new Response("ä".repeat(300000));
          case "/cookies": {
            const headers = new Headers();
            headers.append("set-cookie", "a=1");
            headers.append("set-cookie", "b=2");
            return new Response("x", { headers });
          }
          case "/server": return new Response("x", { headers: { server: "mine" } });
          case "/redirect": return Response.redirect("http://example.test/", 302);
        }
      }`),
    },
  });
  const get = (path: string) => fetch(served.url + path, { redirect: "manual" });
  assertEquals(await (await get("/text")).text(), "wörld");
  assertEquals([...await (await get("/bytes")).bytes()], [1, 2, 255]);
  const empty = await get("/empty");
  assertEquals([empty.status, empty.headers.get("content-length")], [204, null]);
  await empty.body?.cancel();
  const status = await get("/status");
  assertEquals([status.status, await status.text()], [418, "teapot"]);
  const raw = await rawExchange(tcp(served.port), "GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
  assertMatch(raw, /^HTTP\/1\.1 418 I am\r\n/);
  const blob = await get("/blob");
  assertEquals([blob.headers.get("content-type"), await blob.text()], ["text/x", "blob"]);
  assertEquals(await (await get("/large")).text(), "ä".repeat(300000));
  const cookies = await get("/cookies");
  assertEquals(cookies.headers.getSetCookie(), ["a=1", "b=2"]);
  await cookies.text();
  const server = await get("/server");
  assertEquals(server.headers.get("server"), "mine");
  assert(server.headers.get("date"));
  await server.text();
  const redirect = await get("/redirect");
  assertEquals([redirect.status, redirect.headers.get("location")], [302, "http://example.test/"]);
  await redirect.body?.cancel();
});

eachBackend("native Request functions accept what a handler is given", async (backend) => {
  await using served = await startServe({
    args: [app],
    backend,
    files: {
      "app.js": appWith(`async (request) => {
        const clone = request.clone();
        const renewed = new Request(request, { headers: { "x-new": "1" } });
        return Response.json([await clone.text(), await renewed.text(),
          renewed.headers.get("x-new"), renewed.method, renewed.url === request.url,
          clone instanceof Request, request.redirect, Object.prototype.toString.call(request)]);
      }`),
    },
  });
  const response = await fetch(served.url, { method: "PUT", body: "abc" });
  assertEquals(
    await response.json(),
    ["abc", "abc", "1", "PUT", true, true, "follow", "[object Request]"],
  );
});

eachBackend("form data, JSON and bytes of a request can be read", async (backend) => {
  await using served = await startServe({
    args: [app],
    backend,
    files: {
      "app.js": appWith(`async (request) => {
        const type = request.headers.get("content-type") ?? "";
        if (type.startsWith("multipart/")) {
          const form = await request.formData();
          return Response.json([form.get("name"), await form.get("file").text()]);
        }
        if (type.includes("json")) return Response.json(await request.json());
        return new Response(String((await request.arrayBuffer()).byteLength));
      }`),
    },
  });
  const form = new FormData();
  form.set("name", "n");
  form.set("file", new File(["content"], "f.txt"));
  assertEquals(await (await fetch(served.url, { method: "POST", body: form })).json(), [
    "n",
    "content",
  ]);
  const json = {
    method: "POST",
    body: '{"a":[1]}',
    headers: { "content-type": "application/json" },
  };
  assertEquals(await (await fetch(served.url, json)).json(), { a: [1] });
  const large = { method: "POST", body: new Uint8Array(3_000_000) };
  assertEquals(await (await fetch(served.url, large)).text(), "3000000");
});

eachBackend(
  "a handler that throws is a 500 and one log line, and the connection stays open",
  async (backend) => {
    await using served = await startServe({
      args: [app],
      backend,
      files: {
        "app.js": appWith(`(request) => {
        const path = new URL(request.url).pathname;
        if (path === "/sync") throw new Error("no\\nway");
        if (path === "/async") return Promise.reject(new TypeError("later"));
        if (path === "/nothing") return undefined;
        if (path === "/string") return Promise.reject("a string");
        if (path === "/field") {
          return { status: 200, statusText: "", body: null, headers: new Map([["a b", "c"]]) };
        }
        return new Response("fine");
      }`),
      },
    });
    using connection = await RawConnection.open(tcp(served.port));
    for (const path of ["/sync", "/async", "/nothing", "/string", "/field"]) {
      await connection.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assertMatch(await connection.readUntil("500 Internal Server Error\n"), /^HTTP\/1\.1 500 /);
    }
    await connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertMatch(await connection.readUntil("fine"), /^HTTP\/1\.1 200 /);
    await served.child.waitForLine("app failed on GET /field: TypeError: Cannot write a field");
    const lines = served.child.stderr.split("\n").filter((line) => line.includes("[error]"));
    assertEquals(lines.length, 5, served.child.stderr);
    assertMatch(lines[0], /app failed on GET \/sync: Error: no \| way \| at .*app\.js:3:\d+/);
  },
);

eachBackend("an unhandled promise rejection is logged and survived", async (backend) => {
  await using served = await startServe({
    args: [app],
    backend,
    files: {
      "app.js": appWith(`() => {
        Promise.reject(new Error("floating"));
        setTimeout(() => { throw new Error("timer"); }, 0);
        return new Response("x");
      }`),
    },
  });
  assertEquals(await (await fetch(served.url)).text(), "x");
  await served.child.waitForLine(/app failed outside of a request: Error: floating/);
  await served.child.waitForLine(/app failed outside of a request: Error: timer/);
  assertEquals(await (await fetch(served.url)).text(), "x");
});

eachBackend("an unread request body does not spoil the next request", async (backend) => {
  await using served = await startServe({
    args: [app],
    backend,
    files: { "app.js": appWith(`() => new Response("x")`) },
  });
  const requests = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /" +
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const answers = await rawExchange(tcp(served.port), requests);
  assertEquals(answers.split("HTTP/1.1 200 OK").length - 1, 3, answers);
});

eachBackend("a body larger than --max-body is refused with 413", async (backend) => {
  await using served = await startServe({
    args: ["--max-body", "1k", app],
    backend,
    files: { "app.js": appWith(`async (request) => new Response(await request.text())`) },
  });
  const announced = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n";
  assertMatch(await rawExchange(tcp(served.port), announced), /^HTTP\/1\.1 413 /);
  const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
  const chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
    chunk.repeat(2);
  assertMatch(await rawExchange(tcp(served.port), chunked), /^HTTP\/1\.1 413 /);
  const small = await fetch(served.url, { method: "POST", body: "y".repeat(1024) });
  assertEquals((await small.text()).length, 1024);
});

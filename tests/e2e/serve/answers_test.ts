/** Answers that cannot be sent, clients that leave, starts that never end, workers from blobs. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runProgram, startHayate } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";
import { appWith, eachBackend, startServe } from "../../support/serve.ts";

const close = "Host: x\r\nConnection: close\r\n\r\n";

/** What a handler does, and what is logged about it. Each is a 500, as Deno.serve answers. */
const unusable: [path: string, code: string, logged: RegExp][] = [
  ["used", "const r = new Response('x'); await r.text(); return r;", /already been used/],
  [
    "used-stream",
    "const r = new Response(streamOf('x')); await r.text(); return r;",
    /already been/,
  ],
  ["locked", "const r = new Response(streamOf('x')); r.body.getReader(); return r;", /is locked/],
  [
    "twice",
    "return globalThis.same ??= new Response(streamOf('x'));",
    /already been used|is locked/,
  ],
  ["errored", "return new Response(failing());", /broken/],
  ["error", "return Response.error();", /has the status 0/],
  ["status", "return { status: 42, headers: new Headers(), body: null };", /has the status 42/],
  ["undefined", "return undefined;", /fetch\(\) returned undefined/],
  ["null", "return null;", /fetch\(\) returned null/],
  ["text", "return 'text';", /fetch\(\) returned string/],
  ["number", "return 200;", /fetch\(\) returned number/],
  ["object", "return {};", /fetch\(\) returned Object/],
  ["function", "return () => 1;", /fetch\(\) returned function/],
  [
    "no-stream",
    "return { status: 200, headers: new Headers(), body: 'x' };",
    /not a ReadableStream/,
  ],
];

const answersApp = `
function streamOf(text) {
  return new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode(text)); c.close(); } });
}
function failing() {
  return new ReadableStream({ start(c) { c.error(new Error("broken")); } });
}
const cases = {
${
  unusable.map(([path, code]) =>
    `  "/${path}": async () => { ${code} },\n  "/${path}-now": () => { ${
      code.replaceAll("await ", "")
    } },`
  ).join("\n")
}
};
export default {
  fetch(request) {
    const answer = cases[new URL(request.url).pathname];
    return answer === undefined ? new Response("fine") : answer();
  },
};
`;

eachBackend("an answer that cannot be sent is a 500 and a line in the log", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    files: { "app.js": answersApp },
    backend,
  });
  await rawExchange(tcp(served.port), `GET /twice HTTP/1.1\r\n${close}`);
  for (const [path, , logged] of unusable) {
    for (const suffix of path.startsWith("used") ? [""] : ["", "-now"]) {
      const target = `/${path}${suffix}`;
      const answer = await rawExchange(tcp(served.port), `GET ${target} HTTP/1.1\r\n${close}`);
      assertMatch(answer, /^HTTP\/1\.1 500 .*\r\n\r\n500 Internal Server Error\n$/s, target);
      await served.child.waitForLine(new RegExp(`failed on GET ${target}: .*${logged.source}`));
    }
  }
  // The connection stays open.
  using connection = await RawConnection.open(tcp(served.port));
  for (const path of ["used", "locked", "errored"]) {
    await connection.send(`GET /${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await connection.readUntil("500 Internal Server Error\n");
  }
  await connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await connection.readUntil("\r\n\r\nfine");
});

eachBackend(
  "HEAD of a stream without end is answered and the stream cancelled",
  async (backend) => {
    await using served = await startServe({
      args: ["@app.js"],
      files: {
        "app.js": appWith(`() => new Response(new ReadableStream({
        cancel(reason) { console.error("cancelled", reason); },
      }))`),
      },
      backend,
    });
    using connection = await RawConnection.open(tcp(served.port));
    for (let i = 0; i < 2; i++) {
      await connection.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
      await connection.readUntil("\r\n\r\n");
    }
    await served.child.waitForLine("cancelled the request was HEAD");
  },
);

const waiting = appWith(`(request) => {
  console.error("begun");
  request.signal.addEventListener("abort", () => {
    const { reason } = request.signal;
    console.error("aborted", reason instanceof DOMException, reason.name);
  });
  const path = new URL(request.url).pathname;
  if (path === "/wait") return new Promise(() => {});
  return new Response(new ReadableStream({
    start(c) { c.enqueue(new TextEncoder().encode("first")); },
    cancel() { console.error("cancelled"); },
  }));
}`);

eachBackend(
  "a client that leaves aborts its call and its quiet stream at once",
  async (backend) => {
    // Deno.serve and node: the signal fires when the FIN comes, its reason is an AbortError.
    for (const path of ["/wait", "/stream"]) {
      for (const method of ["GET", "POST"]) {
        await using served = await startServe({
          args: ["@app.js"],
          files: { "app.js": waiting },
          backend,
        });
        const connection = await RawConnection.open(tcp(served.port));
        const length = method === "POST" ? "Content-Length: 3\r\n" : "";
        const body = method === "POST" ? "abc" : "";
        await connection.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${length}\r\n${body}`);
        await served.child.waitForLine("begun");
        if (path === "/stream") await connection.readUntil("first");
        connection.close();
        await served.child.waitForLine("aborted true AbortError");
        if (path === "/stream") await served.child.waitForLine("cancelled");
      }
    }
  },
);

eachBackend(
  "--allow-half-open answers a client that has closed its sending side",
  async (backend) => {
    const slow = appWith(`async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return new Response("late");
  }`);
    for (const flags of [[], ["--allow-half-open"]]) {
      await using served = await startServe({
        args: [...flags, "@app.js"],
        files: { "app.js": slow },
        backend,
      });
      const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
      const answer = await rawExchange(tcp(served.port), request, {
        halfClose: true,
        idleMs: 1000,
      });
      assertEquals(answer.endsWith("\r\n\r\nlate"), flags.length > 0, flags.join());
    }
  },
);

eachBackend("an app that never finishes its start ends with 78 and one line", async (backend) => {
  const apps: [code: string, step: string][] = [
    ["await new Promise(() => {}); export default { fetch() {} };", "its top-level await"],
    [
      "export function afterFork() { return new Promise(() => {}); }\n" + appWith("() => 1"),
      "afterFork",
    ],
    [
      "/* beforeFork */ await new Promise(() => {}); export default { fetch() {} };",
      "its top-level",
    ],
  ];
  for (const [code, step] of apps) {
    for (const workers of ["1", "2"]) {
      await using folder = await tempFolder();
      const app = await folder.write("app.js", code);
      await using child = startHayate([
        ...["serve", "--host", "127.0.0.1", "--port", String(freePort()), "-w", workers],
        ...["--start-timeout", "500ms", app],
      ], { env: { HAYATE_REACTOR: backend } });
      const { code: exitCode, stderr } = await child.result();
      assertEquals(exitCode, 78, stderr);
      const lines = stderr.split("\n").filter((line) => line.includes(step));
      assert(lines.length > 0, stderr);
      assertMatch(
        lines[0],
        /app\.js: not started after 0\.5 s: .* has not settled \(--start-timeout\)/,
      );
      assert(!/Stack|backtrace|never resolved/.test(stderr), stderr);
    }
  }
});

eachBackend("a Worker from a blob runs, though its URL is revoked at once", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    files: {
      "app.js": appWith(`async (request) => {
        const text = "self.onmessage = ({ data }) => self.postMessage(data * 2);";
        const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
        const worker = new Worker(url, { type: "module" });
        URL.revokeObjectURL(url);
        const answer = new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = reject;
        });
        worker.postMessage(21);
        const response = new Response(String(await answer));
        worker.terminate();
        return response;
      }`),
    },
    backend,
  });
  for (let i = 0; i < 2; i++) assertEquals(await (await fetch(served.url)).text(), "42");
});

const urlApp = appWith("(request) => new Response(request.url)");

peerTest("curl", "request.url has the scheme of its connection (epoll)", async () => {
  await using folder = await tempFolder();
  const app = await folder.write("app.js", urlApp);
  const [plain, secure] = [freePort(), freePort()];
  await using supervisor = startHayate(["supervise", "serve", "-w", "1", app], {
    env: { PORTS: `${plain} ${secure}/tls`, HAYATE_REACTOR: "epoll" },
  });
  await supervisor.waitForLine(`listening on https://0.0.0.0:${secure}/`);
  await supervisor.waitForLine(`listening on http://0.0.0.0:${plain}/`);
  for (const url of [`http://127.0.0.1:${plain}/a?b`, `https://127.0.0.1:${secure}/a?b`]) {
    const { stdout } = await runProgram("curl", ["-sSk", "-m", "10", url]);
    assertEquals(stdout, url);
  }
});

// The portable reactor cannot inherit a supervisor's sockets; its workers bind their own, with TLS
// where the supervisor's variables name the address.
peerTest(
  ["openssl", "curl"],
  "request.url has the scheme of its connection (portable)",
  async () => {
    await using folder = await tempFolder();
    const app = await folder.write("app.js", urlApp);
    const [crt, key] = [`${folder.path}/a.crt`, `${folder.path}/a.key`];
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"];
    await runProgram("openssl", [...request, "-keyout", key, "-out", crt]);
    const [plain, secure] = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
    await using server = startHayate(["serve", "-w", "2", "-p", plain, "-p", secure, app], {
      env: {
        HAYATE_REACTOR: "portable",
        HAYATE_TLS_SOCKETS: secure,
        HAYATE_CERT: crt,
        HAYATE_KEY: key,
      },
    });
    await server.waitForLine(/listening on .* with 2 workers/);
    for (const url of [`http://${plain}/a?b`, `https://${secure}/a?b`]) {
      const { stdout } = await runProgram("curl", ["-sSk", "-m", "10", url]);
      assertEquals(stdout, url);
    }
  },
);

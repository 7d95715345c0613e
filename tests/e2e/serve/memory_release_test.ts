/** Serve gives memory back that a flood of clients has taken. */
import { checkRelease } from "../../support/memory_flood.ts";
import { appWith, startServe } from "../../support/serve.ts";

Deno.test("memory is released after slow readers and resets", async () => {
  await using served = await startServe({
    args: ["@app.js"],
    files: {
      "app.js": appWith(`(request) =>
        request.url.endsWith("small") ? new Response("small") : new Response(
          new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(65536)) })
        )`),
    },
  });
  const { child, port } = served;
  await checkRelease({
    child,
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    port,
    slowPaths: ["/big"],
    resetPath: "/small",
  });
});

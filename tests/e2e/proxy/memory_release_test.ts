/** The proxy releases the memory that a flood of clients has used. */
import { TestProxy } from "../../support/proxy.ts";
import { checkRelease } from "../../support/memory_flood.ts";
import type { Backend } from "../../support/serve.ts";

const bigFileBytes = 256 * 2 ** 20;
/** Deno's own sockets take ten times as long for a reset. */
const portableResetCount = 2_000;

/** A proxy of its own folder, directly and through itself. */
async function checkProxy(backend: Backend, global = ""): Promise<void> {
  await using proxy = await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1}
${global}
hosts:
  default:
    paths:
      /files: {file.dir: DIR}
      /proxied: {proxy.reverse.url: "http://127.0.0.1:PORT/files"}
`,
    { env: { HAYATE_REACTOR: backend } },
  );
  await proxy.folder.write("small", "small");
  await proxy.folder.write("big", "");
  // A sparse file: it uses no disk space.
  await Deno.truncate(`${proxy.folder.path}/big`, bigFileBytes);
  const { port } = proxy.address as { port: number };
  await checkRelease({
    child: proxy.child,
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    port,
    slowPaths: ["/files/big", "/proxied/big"],
    resetPath: "/proxied/small",
    ...(backend === "portable" ? { resetCount: portableResetCount } : {}),
  });
}

for (const backend of ["epoll", "portable"] as const) {
  Deno.test(`memory is released after slow readers and resets (${backend})`, async () => {
    await checkProxy(backend);
  });
}

Deno.test("memory of two workers is released after slow readers and resets", async () => {
  await checkProxy("epoll", "num-threads: 2");
});

/** One command from the sources to the main job. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Child, root } from "../../support/binary.ts";
import { freePort } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";

Deno.test("scripts/up serves on every port, prints the next steps, reloads on HUP and stops on TERM", async () => {
  const ports = [freePort(), freePort()];
  await using up = new Child(`${root}/scripts/up`, [], {
    env: { PORTS: ports.map((port) => `127.0.0.1:${port}`).join(" ") },
    waitTimeoutMs: 60_000,
  });
  for (const port of ports) {
    await up.waitForSocket(tcp(port));
    const answer = await welcomePage(port);
    assertMatch(answer, /^HTTP\/1\.[01] 200 /);
    assert(/generation\D+1\b/i.test(answer), answer);
  }
  // The banner follows the first generation's readiness, when its answers have begun.
  await up.waitForLine("Ctrl-C");
  for (const hint of [`kill -HUP ${up.pid}`, " load -c 50", "Ctrl-C"]) {
    assert(up.stderr.includes(hint), `expected ${hint} in:\n${up.stderr}`);
  }
  for (const port of ports) {
    assert(
      `${up.stdout}${up.stderr}`.includes(`:${port}`),
      `expected the port ${port} in its lines`,
    );
  }
  up.kill("SIGHUP");
  await up.waitUntil("generation 2", async () => {
    const answer = await welcomePage(ports[0]);
    return /generation\D+2\b/i.test(answer) ? answer : null;
  });
  const { code } = await up.stop();
  assertEquals(code, 0);
});

/** HTTP/1.0, so that the close tells the end: the socket is there before the program behind it. */
async function welcomePage(port: number): Promise<string> {
  return await rawExchange(tcp(port), "GET / HTTP/1.0\r\nHost: a\r\n\r\n", { idleMs: 10_000 });
}

/** slowhttptest's four modes at 1,000 connections: other clients are served meanwhile. */
import { assert, assertEquals } from "@std/assert";
import { Child } from "../../support/child.ts";
import { sleep } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { startServe } from "../../support/serve.ts";

const modes: Record<string, readonly string[]> = {
  "slow heads": ["-H", "-i", "1"],
  "slow bodies": ["-B", "-i", "1", "-s", "8192"],
  "overlapping ranges": ["-R", "-a", "5", "-b", "3000"],
  "slow reading": ["-X", "-w", "1", "-y", "8", "-n", "1", "-z", "8", "-k", "3"],
};

for (const [name, flags] of Object.entries(modes)) {
  peerTest("slowhttptest", `slowhttptest: ${name} leave other clients served`, async () => {
    await using served = await startServe({
      args: ["--head-timeout", "2", "--body-timeout", "2", "@www"],
      files: { "www/index.html": "x".repeat(100_000) },
    });
    await using _attack = new Child(peerPath("slowhttptest"), [
      ...["-c", "1000", "-r", "500", "-l", "6", "-p", "3", "-u", `${served.url}/`],
      ...flags,
    ]);
    let answered = 0;
    const deadline = performance.now() + 5000;
    while (performance.now() < deadline) {
      const answer = await rawExchange(tcp(served.port), "GET / HTTP/1.0\r\n\r\n", {
        idleMs: 3000,
      });
      assert(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer.slice(0, 200));
      assertEquals(answer.split("\r\n\r\n")[1].length, 100_000);
      answered++;
      await sleep(20);
    }
    assert(answered > 10, `only ${answered} answers`);
  });
}

/** What the appliance takes at rest. */
import { assert } from "@std/assert";
import { descendantPids, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";

/**
 * A supervisor and one worker: 45 MiB as measured, of which two empty Deno programs are 31. What is
 * embedded in the binary, or loaded at each start, is in both of them.
 */
const applianceKibMax = 50 * 1024;

/** Memory of a process that no file backs, in KiB. */
function anonymousKib(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^RssAnon:\s*(\d+) kB$/m.exec(status)![1]);
}

Deno.test("a supervisor and its worker stay small", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const config = await folder.write(
    "h2o.conf",
    "hosts: {default: {paths: {/: {redirect: http://elsewhere.example/}}}}\n",
  );
  const listen = `127.0.0.1:${port}`;
  await using supervisor = await startListening(
    ["supervise", "--port", listen, "--", "proxy", "-c", config],
    tcp(port),
  );
  const response = await fetch(`http://${listen}/`, { redirect: "manual" });
  await response.body?.cancel();
  const pids = [supervisor.pid, ...descendantPids(supervisor.pid)];
  assert(pids.length === 2, `expected one worker, there are ${pids.length - 1}`);
  const sizes = pids.map(anonymousKib);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  assert(total < applianceKibMax, `${sizes.join(" + ")} KiB, expected at most 50 MiB`);
});

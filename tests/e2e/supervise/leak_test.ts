/** Many HUPs in a row leak no descriptor, no process and no memory. */
import { assert, assertEquals } from "@std/assert";
import { childPids } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { startSupervised } from "../../support/supervise.ts";

/** 1,000 by `HAYATE_TEST_HUPS=1000`. */
const hupCount = Number(Deno.env.get("HAYATE_TEST_HUPS") ?? 200);
/** The first ones fill caches and compile code. */
const warmUpCount = 50;
const growthMaxKb = 5 * 1024;

Deno.test(`${hupCount} HUPs in a row leak no descriptor, no process and no memory`, async () => {
  await using folder = await tempFolder();
  const script = 'eval "echo ready >&$READY_FD"; exec sleep 1000';
  const socket = ["--path", `${folder.path}/a.sock`];
  const flags = [
    ...socket,
    "--ready-notify",
    "--log-file",
    `${folder.path}/log`,
    "--",
  ];
  await using supervisor = startSupervised(folder, [
    ...flags,
    "sh",
    "-c",
    script,
  ]);
  const { pid } = supervisor.child;
  await supervisor.waitForGenerations(1);
  let before = { descriptors: 0, memoryKb: 0 };
  for (let count = 1; count <= warmUpCount + hupCount; count++) {
    supervisor.child.kill("SIGHUP");
    await supervisor.waitForGenerations(count + 1);
    if (count === warmUpCount) before = usageOf(pid);
  }
  const after = usageOf(pid);
  assertEquals(childPids(pid).length, 1);
  assertEquals(after.descriptors, before.descriptors);
  const growthKb = after.memoryKb - before.memoryKb;
  if (Deno.env.get("HAYATE_TEST_COUNTS") !== undefined) {
    console.log({ before, after });
  }
  assert(
    growthKb < growthMaxKb,
    `grew by ${growthKb} kB, from ${before.memoryKb} kB`,
  );
});

function usageOf(pid: number): { descriptors: number; memoryKb: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return {
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    // Without the pages of the program file, which all processes share and the kernel loads on demand.
    memoryKb: Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1]),
  };
}

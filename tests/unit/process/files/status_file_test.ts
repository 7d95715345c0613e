import { assert, assertEquals } from "@std/assert";
import {
  formatStatus,
  parseStatus,
  statusFaultOf,
  StatusFile,
} from "../../../../mod/process/files/status_file.ts";
import { tempFolder } from "../../../support/ports.ts";

Deno.test("formatStatus() sorts generations as strings, parseStatus() reads them back", () => {
  const lines = [1, 2, 10, 11].map((generation) => ({ generation, pid: 100 + generation }));
  const text = formatStatus(lines);
  assertEquals(text, "1:101\n10:110\n11:111\n2:102\n");
  assertEquals(parseStatus(text).map(({ generation }) => generation), [1, 10, 11, 2]);
  assertEquals(formatStatus([]), "");
});

Deno.test("statusFaultOf() names the first line that is not GENERATION:PID", () => {
  assertEquals(statusFaultOf("1:2\n3:4\n"), null);
  assertEquals(statusFaultOf(""), null);
  assertEquals(statusFaultOf("1:2\n{}\n"), '2: found "{}", expected GENERATION:PID');
});

Deno.test("StatusFile.remove() keeps a file that this process has not written", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("status", "1:1\n");
  const file = new StatusFile(path);
  file.remove();
  assertEquals(await Deno.readTextFile(path), "1:1\n");
  file.write([{ generation: 2, pid: 7 }]);
  assertEquals(await Deno.readTextFile(path), "2:7\n");
  file.remove();
  await assertGone(path);
});

async function assertGone(path: string): Promise<void> {
  const there = await Deno.stat(path).then(() => true, () => false);
  assert(!there, `${path} should be gone`);
}

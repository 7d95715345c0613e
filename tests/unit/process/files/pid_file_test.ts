import { assert, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import {
  isHeld,
  PidFile,
  readPid,
  waitForRelease,
} from "../../../../mod/process/files/pid_file.ts";
import {
  formatStatus,
  parseStatus,
  statusFaultOf,
  StatusFile,
} from "../../../../mod/process/files/status_file.ts";
import { tempFolder } from "../../../support/ports.ts";

Deno.test("PidFile.acquire() takes over a stale file, whatever it contains", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("a.pid", "1\nrubbish");
  const file = PidFile.acquire(path);
  assertEquals(await Deno.readTextFile(path), `${Deno.pid}\n`);
  file.release();
  await assertGone(path);
});

Deno.test("PidFile.acquire() refuses a held file, names the holder and changes nothing", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a.pid`;
  const file = PidFile.acquire(path);
  const error = assertThrows(() => PidFile.acquire(path), StartError);
  assert(error.message.includes(String(Deno.pid)), error.message);
  assertEquals(readPid(path), Deno.pid);
  assert(isHeld(path));
  file.release();
  assert(!isHeld(path));
});

Deno.test("PidFile.acquire() names the reason when the folder is missing, with errno as exit code", () => {
  const error = assertThrows(() => PidFile.acquire("/no/folder/a.pid"), StartError);
  assertEquals(error.exitCode, 2);
  assertEquals(
    error.message,
    "failed to open file:/no/folder/a.pid: no such file or directory",
  );
});

Deno.test("waitForRelease() resolves only after the holder has released the file", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a.pid`;
  const file = PidFile.acquire(path);
  const order: string[] = [];
  const waiting = waitForRelease(path).then(() => order.push("released"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  order.push("still held");
  file.release();
  await waiting;
  assertEquals(order, ["still held", "released"]);
});

Deno.test("readPid() finds no pid in an empty file, a missing file or a file with 0", async () => {
  await using folder = await tempFolder();
  assertEquals(readPid(await folder.write("empty", "")), null);
  assertEquals(readPid(await folder.write("zero", "0\n")), null);
  assertEquals(readPid(await folder.write("text", "pid\n")), null);
  assertEquals(readPid(`${folder.path}/none`), null);
  assertEquals(readPid(await folder.write("good", "42\n")), 42);
  // 2^32 + 1 as a 32-bit number is process 1.
  assertEquals(readPid(await folder.write("large", "4294967297\n")), null);
  assertEquals(readPid(await folder.write("most", "2147483647\n")), 2_147_483_647);
});

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

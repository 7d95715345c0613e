import { assert, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import {
  isHeld,
  PidFile,
  readPid,
  waitForRelease,
} from "../../../../mod/process/files/pid_file.ts";
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

async function assertGone(path: string): Promise<void> {
  const there = await Deno.stat(path).then(() => true, () => false);
  assert(!there, `${path} should be gone`);
}

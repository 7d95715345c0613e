import { assert, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../mod/base/errors.ts";
import { clearSocketPath, removeSocketPath, socketInode } from "../../../mod/net/unix_path.ts";
import { tempFolder } from "../../support/ports.ts";

Deno.test("clearSocketPath() removes a stale socket file and returns true", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a.sock`;
  assertEquals(clearSocketPath(path, () => true), false, "nothing there");
  using _listener = Deno.listen({ transport: "unix", path });
  assertThrows(() => clearSocketPath(path, () => true), StartError, "in use");
  assert((await Deno.lstat(path)).isSocket);
  assertEquals(clearSocketPath(path, () => false), true);
  await assertGone(path);
});

Deno.test("clearSocketPath() removes no other kind of file", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("file", "precious");
  await Deno.symlink(file, `${folder.path}/link`);
  const never = (): boolean => {
    throw new Error("only sockets are probed");
  };
  assertThrows(() => clearSocketPath(file, never), StartError, "a regular file");
  assertThrows(() => clearSocketPath(folder.path, never), StartError, "a directory");
  assertThrows(() => clearSocketPath(`${folder.path}/link`, never), StartError, "a symbolic link");
  assertEquals(await Deno.readTextFile(file), "precious");
});

Deno.test("removeSocketPath() removes only the socket with the given inode", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a.sock`;
  removeSocketPath(path, 1);
  using _listener = Deno.listen({ transport: "unix", path });
  const inode = socketInode(path);
  removeSocketPath(path, inode! + 1);
  removeSocketPath(path, null);
  assert((await Deno.lstat(path)).isSocket);
  removeSocketPath(path, inode);
  await assertGone(path);
});

async function assertGone(path: string): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new Error(`${path} is still there`);
}

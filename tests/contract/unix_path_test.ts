/** Contract: how a listener handles the file of a unix socket. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { StartError } from "../../mod/base/errors.ts";
import { createReactor } from "../../mod/net/mod.ts";
import { sleep } from "../support/child.ts";
import { connectTo, unix } from "../support/raw_socket.ts";
import { contractTest, type Rig } from "./harness.ts";

/** Creates a stale socket file, as left by a killed process. */
async function leaveStaleSocket(path: string): Promise<void> {
  // A listener of Deno's removes its file when it closes; a renamed file is not found.
  const listener = Deno.listen({ transport: "unix", path: `${path}.made` });
  await Deno.rename(`${path}.made`, path);
  listener.close();
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function accepts(rig: Rig, path: string): Promise<void> {
  const before = rig.accepted.length;
  using _conn = await connectTo(unix(path));
  await rig.untilAccepted(before + 1);
}

contractTest("listen() gives the socket file the wanted mode", async (rig) => {
  const folder = await rig.folder();
  for (const mode of [0o600, 0o666, 0o777]) {
    const path = `${folder}/${mode}.sock`;
    rig.listen(unix(path), { mode });
    assertEquals((await Deno.stat(path)).mode! & 0o777, mode);
  }
});

contractTest("listen() without a mode uses the mode given by umask", async (rig) => {
  const path = `${await rig.folder()}/a.sock`;
  const umask = Deno.umask();
  rig.listen(unix(path));
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o777 & ~umask);
  assertEquals(Deno.umask(), umask, "umask is as it was");
});

contractTest("listen() replaces a stale socket file", async (rig) => {
  const path = `${await rig.folder()}/a.sock`;
  await leaveStaleSocket(path);
  assert(await exists(path));
  rig.listen(unix(path));
  await accepts(rig, path);
});

contractTest("listen() refuses a path with a live listener", async (rig) => {
  const path = `${await rig.folder()}/a.sock`;
  rig.listen(unix(path));
  const error = assertThrows(() => rig.listen(unix(path)), StartError);
  assertMatch(error.message, /in use/);
  assert(error.message.includes(path));
  // The probe's own connection may be accepted; the path has to keep working.
  await accepts(rig, path);
});

contractTest("listen() refuses a path with a live listener of other code", async (rig) => {
  const path = `${await rig.folder()}/a.sock`;
  using _other = Deno.listen({ transport: "unix", path });
  assertThrows(() => rig.listen(unix(path)), StartError, "in use");
  assert(await exists(path));
});

contractTest(
  "listen() never deletes a regular file, a directory or a symbolic link",
  async (rig) => {
    const folder = await rig.folder();
    await Deno.writeTextFile(`${folder}/file`, "precious");
    await Deno.mkdir(`${folder}/directory`);
    await Deno.symlink(`${folder}/file`, `${folder}/link`);
    await Deno.symlink(`${folder}/nothing`, `${folder}/dangling`);
    for (const name of ["file", "directory", "link", "dangling"]) {
      const error = assertThrows(() => rig.listen(unix(`${folder}/${name}`)), StartError);
      assertMatch(error.message, /not a socket/);
      assert(await exists(`${folder}/${name}`), `${name} is still there`);
    }
    assertEquals(await Deno.readTextFile(`${folder}/file`), "precious");
  },
);

contractTest("listen() names a missing folder and a path that is too long", async (rig) => {
  const folder = await rig.folder();
  const missing = assertThrows(() => rig.listen(unix(`${folder}/none/a.sock`)), StartError);
  assertMatch(missing.message, /no such file or directory/i);
  const long = assertThrows(() => rig.listen(unix(`${folder}/${"x".repeat(120)}`)), StartError);
  assertMatch(long.message, /long|107/);
  for (const error of [missing, long]) assert(!error.message.includes("\n"));
});

contractTest("close() removes the socket file", async (rig) => {
  const path = `${await rig.folder()}/a.sock`;
  const listener = rig.listen(unix(path));
  await accepts(rig, path);
  listener.close();
  await sleep(50);
  assert(!await exists(path));
});

contractTest("a path can be listened on again right after close()", async (rig) => {
  const path = `${await rig.folder()}/a.sock`;
  for (let round = 0; round < 3; round++) {
    const listener = rig.listen(unix(path));
    await accepts(rig, path);
    listener.close();
    await sleep(50);
  }
});

contractTest("close() tolerates that the file is missing", async (rig) => {
  const path = `${await rig.folder()}/a.sock`;
  const listener = rig.listen(unix(path));
  await Deno.remove(path);
  listener.close();
  await sleep(50);
});

contractTest(
  "close() does not remove a file that another process created at the path",
  async (rig) => {
    const path = `${await rig.folder()}/a.sock`;
    const listener = rig.listen(unix(path));
    await Deno.remove(path);
    using _other = Deno.listen({ transport: "unix", path });
    listener.close();
    await sleep(50);
    if (rig.reactor.backend === "portable") {
      // Deno removes whatever is at the path.
      return;
    }
    assert(await exists(path), "the new owner's file is still there");
  },
);

contractTest("a refused path can be bound once its owner has closed", async (rig) => {
  const path = `${await rig.folder()}/a.sock`;
  const other = await createReactor(rig.reactor.backend);
  const running = other.run();
  const owner = other.listen(unix(path), {}, (socket) => {
    socket.close();
    return rig.recorder();
  });
  assertThrows(() => rig.listen(unix(path)), StartError, "in use");
  owner.close();
  await sleep(50);
  other.stop();
  await running;
  rig.listen(unix(path));
  await accepts(rig, path);
});

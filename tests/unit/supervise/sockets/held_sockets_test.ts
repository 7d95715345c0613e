import { assert, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import { type ListenSpec, pathSpec, readPortSpec } from "../../../../mod/config/listen_spec.ts";
import { HeldSockets, type SocketOptions } from "../../../../mod/supervise/sockets/held_sockets.ts";
import { tempFolder } from "../../../support/ports.ts";

const options: SocketOptions = {
  backlog: 16,
  reusePort: false,
  mode: null,
  uid: -1,
  gid: -1,
  passedThrough: [],
};
const quiet = { onDescriptor: () => {}, onRemoved: () => {} };

function spec(text: string): ListenSpec {
  const read = readPortSpec(text);
  if (typeof read === "string") throw new Error(read);
  return read;
}

Deno.test("HeldSockets numbers from 4 on, around explicit numbers and those passed through", () => {
  const specs = ["127.0.0.1:0", "127.0.0.1:0=5", "127.0.0.1:0", "127.0.0.1:u0"].map(spec);
  const sockets = new HeldSockets(specs, { ...options, passedThrough: [6, 10] }, 1, quiet);
  assertEquals(sockets.portsText, "127.0.0.1:0=4;127.0.0.1:0=5;127.0.0.1:0=7;127.0.0.1:0=8");
  assertEquals(sockets.descriptorsFor(0).map(({ number }) => number), [4, 5, 7, 8]);
  sockets.release();
});

Deno.test("HeldSockets with reusePort has a socket for each slot; a unix socket is shared", async () => {
  await using folder = await tempFolder();
  const specs = [spec("127.0.0.1:0"), pathSpec(`${folder.path}/a.sock`)];
  const sockets = new HeldSockets(specs, { ...options, reusePort: true }, 3, quiet);
  const rows = [0, 1, 2].map((slot) => sockets.descriptorsFor(slot).map(({ ours }) => ours));
  assertEquals(new Set(rows.map(([tcp]) => tcp)).size, 3);
  assertEquals(new Set(rows.map(([, unix]) => unix)).size, 1);
  sockets.release();
});

Deno.test("HeldSockets opens everything or nothing: files of an attempt that failed are removed", async () => {
  await using folder = await tempFolder();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const specs = [pathSpec(`${folder.path}/a.sock`), spec(`127.0.0.1:${port}`)];
  const error = assertThrows(() => new HeldSockets(specs, options, 1, quiet), StartError);
  taken.close();
  assertEquals(error.exitCode, 98);
  assertEquals([...Deno.readDirSync(folder.path)].length, 0);
});

Deno.test("HeldSockets refuses a socket file that a process accepts on", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a.sock`;
  const first = new HeldSockets([pathSpec(path)], options, 1, quiet);
  const error = assertThrows(
    () => new HeldSockets([pathSpec(path)], options, 1, quiet),
    StartError,
  );
  assert(error.message.includes("in use"), error.message);
  assert((await Deno.stat(path)).isSocket);
  first.release();
});

Deno.test("HeldSockets resolves names by the host's own table, and says which it does not know", () => {
  const sockets = new HeldSockets([spec("localhost:0")], options, 1, quiet);
  assertEquals(sockets.portsText, "localhost:0=4");
  sockets.release();
  const unknown = () => new HeldSockets([spec("no-such-host.invalid:80")], options, 1, quiet);
  const error = assertThrows(unknown, StartError);
  assertEquals([error.message, error.exitCode], [
    "failed to resolve host:no-such-host.invalid",
    255,
  ]);
});

Deno.test("HeldSockets leaves out the IPv6 half where the host has no such address, and only that", () => {
  // Of the documentation's range: no host has it.
  const missing = spec("[2001:db8::1]:0");
  const sockets = new HeldSockets(
    [spec("127.0.0.1:0"), { ...missing, isTwin: true }],
    options,
    1,
    quiet,
  );
  assertEquals(sockets.portsText, "127.0.0.1:0=4");
  sockets.release();
  const error = assertThrows(() => new HeldSockets([missing], options, 1, quiet), StartError);
  assertEquals(error.exitCode, 99);
});

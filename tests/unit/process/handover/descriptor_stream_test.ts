import { assert, assertEquals } from "@std/assert";
import { bindInheritable } from "../../../../mod/net/inheritable.ts";
import {
  connectDescriptorStream,
  DescriptorServer,
  type DescriptorStream,
} from "../../../../mod/process/handover/descriptor_stream.ts";
import { F, fdCloexec, O } from "../../../../mod/sys/descriptor_flags.ts";
import { libc } from "../../../../mod/sys/libc.ts";
import { cString, libcProcess } from "../../../../mod/sys/libc_process.ts";
import { tempFolder } from "../../../support/ports.ts";

/** Both ends of a connection. */
async function pair(body: (left: DescriptorStream, right: DescriptorStream) => void) {
  await using folder = await tempFolder();
  const path = `${folder.path}/s`;
  const { promise, resolve } = Promise.withResolvers<DescriptorStream>();
  const server = new DescriptorServer(
    bindInheritable({ kind: "unix", path }, { backlog: 1, mode: 0o600 }),
    resolve,
  );
  const left = connectDescriptorStream(path);
  if (typeof left === "number") throw new Error(`no connection: errno ${left}`);
  const right = await promise;
  try {
    body(left, right);
  } finally {
    left.close();
    right.close();
    server.close();
  }
}

Deno.test("a line arrives with its descriptors, whatever their number", async () => {
  const nothing = libcProcess.open(cString("/dev/null"), O.rdwr | O.cloexec, 0);
  for (const count of [0, 1, 252, 253, 254, 600]) {
    await pair((left, right) => {
      const fds = Array.from({ length: count }, () => libc.fcntl(nothing, F.dupfdCloexec, 0));
      assert(left.send({ hello: "x".repeat(1000) }, fds));
      assert(left.send({ second: true }, []));
      const first = right.receive(5000);
      assertEquals(first?.text, JSON.stringify({ hello: "x".repeat(1000) }));
      assertEquals(first?.descriptors.length, count);
      for (const fd of first?.descriptors ?? []) {
        assertEquals(Deno.readLinkSync(`/proc/self/fd/${fd}`), "/dev/null");
        // Closed on exec: no child inherits it by accident.
        assertEquals(libc.fcntl(fd, F.getfd, 0), fdCloexec);
      }
      assertEquals(right.receive(5000), { text: '{"second":true}', descriptors: [] });
      for (const fd of [...fds, ...first?.descriptors ?? []]) libc.close(fd);
    });
  }
  libc.close(nothing);
});

Deno.test("receive() ends with the other side, and after its time", async () => {
  await pair((left, right) => {
    assertEquals(right.receive(10), null);
    assertEquals(left.peerUid, Deno.uid());
    left.close();
    assertEquals(right.receive(5000), null);
    assertEquals(right.send({ a: 1 }), false);
  });
});

Deno.test("connectDescriptorStream() gives the errno where nobody is", async () => {
  await using folder = await tempFolder();
  assertEquals(connectDescriptorStream(`${folder.path}/none`), 2);
  const path = `${folder.path}/stale`;
  libc.close(bindInheritable({ kind: "unix", path }, { backlog: 1, mode: 0o600 }));
  assertEquals(connectDescriptorStream(path), 111);
});

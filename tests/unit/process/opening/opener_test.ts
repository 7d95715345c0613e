/** The opener's protocol, as a worker speaks it that a stranger has taken over. */
import { assertEquals, assertMatch } from "@std/assert";
import { descriptorWatch } from "../../../../mod/process/descriptor_watch.ts";
import { Opener } from "../../../../mod/process/opening/opener.ts";
import { GrantList } from "../../../../mod/process/privileges/grants.ts";
import { ParentOpener } from "../../../../mod/process/privileges/parent_opener.ts";
import type { OpenerRequest } from "../../../../mod/process/privileges/opener_messages.ts";
import { libc } from "../../../../mod/sys/libc.ts";
import { libcProcess } from "../../../../mod/sys/libc_process.ts";
import { receiveWithDescriptors, sendWithDescriptors } from "../../../../mod/sys/message.ts";
import { AF, SOCK } from "../../../../mod/sys/sockaddr.ts";
import { tempFolder } from "../../../support/ports.ts";

/** The uid in whose name is asked: it owns what the tests give it. */
const user = { name: "u", uid: 65_534, gid: 65_534, groups: [65_534], home: "/" };
const noSockets = { bind: () => "none here" };

/** Both ends; `grants` are sealed already. */
function opened(grants: (list: GrantList) => void) {
  const { opener, theirs } = Opener.pair(noSockets);
  const list = new GrantList();
  grants(list);
  const child = new ParentOpener(theirs, false);
  return { opener, theirs, child, list };
}

/** Asks without blocking this thread, on which the opener runs, too. */
async function ask(child: ParentOpener, request: OpenerRequest) {
  return await child.askLater(request);
}

async function sealed(parts: ReturnType<typeof opened>): Promise<ParentOpener> {
  const { child, list } = parts;
  assertEquals((await ask(child, { op: "grant", grants: list.all })).fault, null);
  const { fault } = await ask(child, { op: "seal", uid: user.uid, gids: user.groups });
  assertEquals(fault, null);
  return child;
}

async function close({ opener, theirs }: ReturnType<typeof opened>): Promise<void> {
  libc.close(theirs);
  opener.close();
  await descriptorWatch.settled();
}

Deno.test("an opener opens what was granted, and nothing else", async () => {
  await using folder = await tempFolder();
  const key = await folder.write("keys/a.key", "secret", 0o600);
  const parts = opened((list) => {
    list.read(key);
    list.append(`${folder.path}/a.log`);
  });
  const child = await sealed(parts);
  const faultOf = async (request: OpenerRequest) => (await ask(child, request)).fault;
  assertEquals(await faultOf({ op: "read", path: key }), null);
  assertEquals(await faultOf({ op: "append", path: `${folder.path}/a.log` }), null);
  assertEquals(Deno.statSync(`${folder.path}/a.log`).mode! & 0o777, 0o644);
  for (
    const request of [
      { op: "read", path: "/etc/shadow" },
      { op: "read", path: `${folder.path}/keys/../../../etc/shadow` },
      { op: "read", path: `${folder.path}/a.log` },
      { op: "read", path: `//${key}` },
      { op: "append", path: key },
      { op: "append", path: "/etc/passwd" },
      { op: "appendable", path: "/etc/passwd" },
      { op: "rotate", path: key, backupCount: 3, dev: 1, ino: 1 },
      { op: "run", command: "id" },
      { op: "rename", path: key, suffix: "1.1" },
      { op: "remove", path: key, ino: 1 },
      { op: "inode", path: key },
      { op: "replace", path: key },
      { op: "listen", address: { kind: "tcp", host: "0.0.0.0", port: 80 }, wish },
      { op: "listen", address: { kind: "unix", path: "/etc/cron.d/x" }, wish },
      { op: "grant", grants: ["read /etc/shadow"] },
      { op: "seal", uid: 0, gids: [] },
      { op: "refresh" },
    ] as const satisfies readonly OpenerRequest[]
  ) {
    assertEquals(await faultOf(request), "denied", JSON.stringify(request));
  }
  const { text } = await ask(child, { op: "stamp", paths: ["/etc/shadow", key] });
  const [shadow, own] = JSON.parse(text);
  assertEquals(shadow, null);
  assertMatch(own, /^\d+:/);
  await close(parts);
});

const wish = { reusePort: false, backlog: null, mode: null, v6Only: true, listening: true };

Deno.test("an opener opens nothing before the seal", async () => {
  const parts = opened((list) => list.read("/etc/hostname"));
  await ask(parts.child, { op: "grant", grants: parts.list.all });
  assertEquals((await ask(parts.child, { op: "read", path: "/etc/hostname" })).fault, "denied");
  await close(parts);
});

Deno.test("an opener follows no path that the user may change", async () => {
  if (Deno.uid() !== 0) return console.log("skipped: needs root, to give a folder away");
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/logs`);
  const log = `${folder.path}/logs/a.log`;
  const parts = opened((list) => {
    list.append(log);
    list.read(log);
  });
  const child = await sealed(parts);
  // The worker owns the folder, and has put a link where its log was.
  await Deno.chown(`${folder.path}/logs`, user.uid, user.gid);
  await Deno.symlink("/etc/shadow", log);
  for (const op of ["read", "append"] as const) {
    const { fault, text } = await ask(child, { op, path: log });
    assertEquals(fault, "denied");
    assertEquals(text, `uid 65534 may change ${folder.path}/logs`);
  }
  await close(parts);
});

Deno.test("an opener says what it expects of a request, and goes on", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("a", "x");
  const parts = opened((list) => list.read(file));
  const child = await sealed(parts);
  const send = async (packet: string, ...more: number[]) => {
    const pair = new Int32Array(2);
    libcProcess.socketpair(AF.unix, SOCK.seqpacket | SOCK.cloexec | SOCK.nonblock, 0, pair);
    const bytes = new TextEncoder().encode(packet);
    sendWithDescriptors(parts.theirs, bytes, [pair[1], ...more]);
    libc.close(pair[1]);
    const answer = new Uint8Array(65_536);
    let count = -11;
    for (let tries = 0; count === -11 && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      ({ count } = receiveWithDescriptors(pair[0], answer));
    }
    libc.close(pair[0]);
    return new TextDecoder().decode(answer.subarray(0, Math.max(0, count)));
  };
  for (
    const packet of [
      "",
      "nonsense",
      "{}",
      '{"version":2,"op":"read","path":"/x"}',
      '{"version":1,"op":"erase","path":"/x"}',
      '{"version":1,"op":"read"}',
      '{"version":1,"op":"append","path":7}',
      '{"version":1,"op":"listen","address":{"kind":"tcp","host":"x","port":70000},"wish":{}}',
      " ".repeat(65_537),
    ]
  ) {
    assertMatch(await send(packet), /"fault":"other"/, packet.slice(0, 60));
  }
  // Descriptors that nobody wants, no descriptor at all, one that is no socket.
  assertMatch(await send('{"version":1,"op":"refresh"}', 0, 1, 2), /"denied"/);
  sendWithDescriptors(parts.theirs, new TextEncoder().encode("{}"), []);
  const file1 = libcProcess.open(new TextEncoder().encode("/dev/null\0"), 1, 0);
  sendWithDescriptors(parts.theirs, new TextEncoder().encode("{}"), [file1]);
  libc.close(file1);
  assertEquals((await ask(child, { op: "read", path: file })).fault, null);
  await close(parts);
});

Deno.test("an opener refuses what is not a regular file", async () => {
  await using folder = await tempFolder();
  const parts = opened((list) => list.read(folder.path, "/dev/zero"));
  const child = await sealed(parts);
  for (const path of [folder.path, "/dev/zero"]) {
    const { fault, text } = await ask(child, { op: "read", path });
    assertEquals([fault, text], ["other", "not a regular file"]);
  }
  assertEquals((await ask(child, { op: "read", path: `${folder.path}/none` })).fault, "denied");
  await close(parts);
});

Deno.test("an opener ends with the last process of its generation", async () => {
  const { opener, theirs } = Opener.pair(noSockets);
  const ended = new Promise<void>((resolve) => opener.onEnd = resolve);
  libc.close(theirs);
  await ended;
});

Deno.test("an opener kept over a replacement has the same grants", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("a", "x");
  const parts = opened((list) => list.read(file));
  const child = await sealed(parts);
  const { grants, user: ids, fd } = parts.opener.state;
  const copy = libc.fcntl(fd, 1030, 3);
  parts.opener.close();
  const next = new Opener({ fd: copy, grants, user: ids }, noSockets);
  assertEquals((await ask(child, { op: "read", path: file })).fault, null);
  assertEquals((await ask(child, { op: "read", path: "/etc/shadow" })).fault, "denied");
  libc.close(parts.theirs);
  next.close();
});

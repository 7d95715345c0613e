import { assertEquals } from "@std/assert";
import { descriptorWatch } from "../../../../mod/process/descriptor_watch.ts";
import { allVariables } from "../../../../mod/process/environment.ts";
import { pausableField } from "../../../../mod/process/signals/pausing.ts";
import { allPids, processInfo, startEnvironment } from "../../../../mod/process/proc.ts";
import {
  type ReadinessNotice,
  ReadinessWatch,
} from "../../../../mod/process/handover/readiness_watch.ts";
import { notifyAddress } from "../../../../mod/process/handover/readiness.ts";
import { spawn } from "../../../../mod/process/children/spawn.ts";
import { libc } from "../../../../mod/sys/libc.ts";
import { libcProcess } from "../../../../mod/sys/libc_process.ts";
import { AF, SOCK } from "../../../../mod/sys/sockaddr.ts";

/** Sends one datagram as sd_notify(3) does. */
function sendTo(name: string, text: string): void {
  const fd = libc.socket(AF.unix, SOCK.dgram | SOCK.cloexec, 0);
  const [bytes, address] = [new TextEncoder().encode(text), notifyAddress(name)];
  libcProcess.sendto(fd, bytes, bytes.length, 0, address, address.length);
  libc.close(fd);
}

Deno.test("ReadinessWatch finds READY=1 among other lines, and the support for pausing", async () => {
  const notices: ReadinessNotice[] = [];
  const heard = Promise.withResolvers<void>();
  const watch = new ReadinessWatch((each) => {
    notices.push(each);
    if (each.ready) heard.resolve();
  });
  sendTo(watch.socketName, "STATUS=loading\nNOTREADY=1");
  sendTo(watch.socketName, `${pausableField}\nREADY=1\nMAINPID=1`);
  await heard.promise;
  watch.close();
  assertEquals(notices, [{ ready: false, pausable: false, files: [], status: "loading" }, {
    ready: true,
    pausable: true,
    files: [],
    status: null,
  }]);
  await descriptorWatch.settled();
});

Deno.test("ReadinessWatch accepts a whole line on the descriptor, not a part of one", async () => {
  const heard = Promise.withResolvers<ReadinessNotice>();
  const watch = new ReadinessWatch(heard.resolve);
  for (const text of ["rea", "dy\n"]) {
    libc.write(watch.writeEnd, new TextEncoder().encode(text), text.length);
  }
  assertEquals(await heard.promise, { ready: true, pausable: false, files: [], status: null });
  watch.close();
  watch.close();
  await descriptorWatch.settled();
});

Deno.test("processInfo() and startEnvironment() describe a child; null for no process", async () => {
  const child = spawn({ command: ["sleep", "60"], environment: { ...allVariables(), MARK: "x" } });
  if (child.pid === null) throw new Error(child.reason);
  assertEquals(processInfo(child.pid)?.parent, Deno.pid);
  assertEquals(allPids().includes(child.pid), true);
  // The new program's environment is there only after exec.
  while (startEnvironment(child.pid)?.["MARK"] !== "x") await new Promise((r) => setTimeout(r, 5));
  libcProcess.kill(child.pid, 9);
  assertEquals(await child.exited, 9);
  assertEquals([processInfo(child.pid), startEnvironment(child.pid)], [null, null]);
});

import { assertEquals } from "@std/assert";
import { OrderLock } from "../../../../mod/acme/store/order_lock.ts";

async function withFolder(run: (path: string) => void | Promise<void>): Promise<void> {
  const path = Deno.makeTempDirSync();
  try {
    await run(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

const minuteMs = 60_000;

/** The lock of another living process, or of another host. */
function writeOwner(path: string, owner: Record<string, unknown>): void {
  const pidSpace = Deno.readLinkSync("/proc/self/ns/pid");
  const living = {
    ...{ id: "other", host: Deno.hostname(), pidSpace },
    ...{ pid: Deno.ppid, untilMs: minuteMs },
  };
  Deno.writeTextFileSync(`${path}/lock`, JSON.stringify({ ...living, ...owner }));
}

Deno.test("a lock excludes others until it is released", () =>
  withFolder((path) => {
    writeOwner(path, {});
    const lock = new OrderLock(path);
    assertEquals(lock.acquire(0), false);
    Deno.removeSync(`${path}/lock`);
    assertEquals(lock.acquire(0), true);
    lock.release();
    assertEquals([...Deno.readDirSync(path)], []);
  }));

Deno.test("a lock ends with its time, its process, or when it is damaged", () =>
  withFolder((path) => {
    const lock = new OrderLock(path);
    for (
      const owner of [
        { host: "elsewhere", untilMs: minuteMs - 1 },
        { pid: 0x7fff_fff0 },
        { untilMs: minuteMs * 1e6 },
      ]
    ) {
      writeOwner(path, owner);
      assertEquals(lock.acquire(minuteMs), true);
      lock.release();
    }
    const elsewhere = { id: "other", host: "elsewhere", pidSpace: "", pid: 1, untilMs: 60_000 };
    const damaged = [
      "{",
      "null",
      "[]",
      ...[{ untilMs: undefined }, { untilMs: "60000" }, { pid: "1" }, { pid: 0 }, { id: null }]
        .map((wrong) => JSON.stringify({ ...elsewhere, ...wrong })),
      ...[{ host: 7 }, { pidSpace: 7 }]
        .map((wrong) => JSON.stringify({ ...elsewhere, ...wrong })),
    ];
    Deno.writeTextFileSync(`${path}/lock`, JSON.stringify(elsewhere));
    assertEquals(lock.acquire(0), false);
    for (const text of damaged) {
      Deno.writeTextFileSync(`${path}/lock`, text);
      assertEquals(lock.acquire(0), true, text);
      lock.release();
      assertEquals([...Deno.readDirSync(path)], [], text);
    }
  }));

Deno.test("the lock of another container on this host stays, whatever its pid", () =>
  withFolder((path) => {
    for (const pid of [Deno.pid, 0x7fff_fff0]) {
      writeOwner(path, { pidSpace: "pid:[1]", pid });
      assertEquals(new OrderLock(path).acquire(0), false);
    }
    // A restart in the same namespace, with the same pid.
    writeOwner(path, { pid: Deno.pid });
    assertEquals(new OrderLock(path).acquire(0), true);
  }));

Deno.test("the lock of another host stays although its process is not here", () =>
  withFolder((path) => {
    writeOwner(path, { host: "elsewhere", pid: 0x7fff_fff0 });
    assertEquals(new OrderLock(path).acquire(0), false);
  }));

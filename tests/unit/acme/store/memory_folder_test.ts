import { assertEquals, assertNotEquals } from "@std/assert";
import { openMemoryFolder } from "../../../../mod/acme/store/memory_folder.ts";
import { pidSpace, processInfo } from "../../../../mod/process/proc.ts";

const place = "/dev/shm";

/** A folder of another start, with this owner in it; null: none yet. */
function leave(owner: Record<string, unknown> | string | null): string {
  const path = Deno.makeTempDirSync({ dir: place, prefix: "hayate-acme-" });
  if (owner === null) return path;
  const living = { pid: Deno.ppid, startTime: processInfo(Deno.ppid)!.startTime };
  const whole = { ...living, pidSpace: pidSpace() };
  const text = typeof owner === "string" ? owner : JSON.stringify({ ...whole, ...owner });
  Deno.writeTextFileSync(`${path}/owner.json`, text);
  return path;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

Deno.test("a start removes the folders of dead processes, and no others", () => {
  const rows: [owner: Record<string, unknown> | string | null, isKept: boolean][] = [
    [{}, true],
    [{ pid: 2 ** 22 + 1 }, false],
    // The number was given to another process since.
    [{ startTime: "1" }, false],
    // In another container the process may live.
    [{ pid: 2 ** 22 + 1, pidSpace: "pid:[1]" }, true],
    [{ pid: "x" }, true],
    ["", true],
    [null, true],
  ];
  const paths = rows.map(([owner]) => leave(owner));
  const link = `${place}/hayate-acme-link-${Deno.pid}`;
  const outside = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${outside}/owner.json`, Deno.readTextFileSync(`${paths[0]}/owner.json`));
  Deno.symlinkSync(outside, link);
  const folder = openMemoryFolder();
  assertEquals(paths.map(isThere), rows.map(([, isKept]) => isKept));
  assertEquals(isThere(outside), true);
  folder.dispose();
  assertEquals(isThere(folder.path!), false);
  // Somebody may have been faster.
  folder.dispose();
  for (const path of [...paths.filter(isThere), outside]) {
    Deno.removeSync(path, { recursive: true });
  }
  Deno.removeSync(link);
});

Deno.test("a program that has replaced another goes on with its folder, and uses none twice", () => {
  const { startTime } = processInfo(Deno.pid)!;
  const before = leave({ pid: Deno.pid, startTime });
  Deno.mkdirSync(`${before}/certificates`);
  Deno.writeTextFileSync(`${before}/certificates/a.example.pem`, "kept");
  const first = openMemoryFolder();
  assertEquals(first.path, before);
  assertEquals(Deno.readTextFileSync(`${before}/certificates/a.example.pem`), "kept");
  const second = openMemoryFolder();
  assertNotEquals(second.path, before);
  first.dispose();
  second.dispose();
});

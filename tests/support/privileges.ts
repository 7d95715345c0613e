/** Tests about users: they need root, and look at every thread of a process. */
import { assert, assertEquals } from "@std/assert";
import { testThatNeeds } from "./peers.ts";
import { isGone } from "./child.ts";
import type { TempFolder } from "./ports.ts";
import { tempFolder } from "./ports.ts";

/** Registers a test that needs root; counts as skipped elsewhere. */
export function rootTest(name: string, fn: () => Promise<void>): void {
  testThatNeeds(Deno.uid() === 0 ? [] : ["root"], name, fn);
}

/** Fields of proc_pid_status(5) that must be the same in every thread. */
const names = ["Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs"] as const;
type Credentials = Readonly<Record<typeof names[number], string>>;

/** The credentials of each thread; empty: the process has ended. */
export function credentialsOf(pid: number): Credentials[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => {
      const status = Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`);
      const field = (key: string) =>
        new RegExp(`^${key}:\\s*(.*?)\\s*$`, "m").exec(status)?.[1] ?? "";
      return Object.fromEntries(names.map((key) => [key, field(key)])) as unknown as Credentials;
    });
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** Every thread is that user for good: no capability, no way back, no rights by another program. */
export function assertIsUser(pid: number, uid: number, gid = uid, groups = `${gid}`): void {
  const threads = credentialsOf(pid);
  assert(threads.length > 0, `process ${pid} has ended`);
  const none = "0".repeat(16);
  for (const thread of threads) {
    assertEquals(thread, {
      Uid: [uid, uid, uid, uid].join("\t"),
      Gid: [gid, gid, gid, gid].join("\t"),
      Groups: groups,
      CapPrm: none,
      CapEff: none,
      CapAmb: none,
      NoNewPrivs: "1",
    }, `process ${pid}`);
  }
}

/** A folder that everybody may enter, with others in it that only root may. */
export async function sharedFolder(...hidden: readonly string[]): Promise<TempFolder> {
  const folder = await tempFolder();
  await Deno.chmod(folder.path, 0o755);
  for (const name of hidden) await Deno.mkdir(`${folder.path}/${name}`, { mode: 0o700 });
  return folder;
}

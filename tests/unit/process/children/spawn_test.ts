import { assert, assertEquals } from "@std/assert";
import { allVariables } from "../../../../mod/process/environment.ts";
import { openPipe } from "../../../../mod/process/channel.ts";
import {
  type ChildProcess,
  spawn,
  type SpawnFailure,
  type SpawnRequest,
} from "../../../../mod/process/children/spawn.ts";
import { sendSignal } from "../../../../mod/process/signals/signals.ts";
import { Errno } from "../../../../mod/sys/errno.ts";
import { libc } from "../../../../mod/sys/libc.ts";
import { O } from "../../../../mod/sys/descriptor_flags.ts";
import { cString, libcProcess } from "../../../../mod/sys/libc_process.ts";

function start(request: Partial<SpawnRequest> & Pick<SpawnRequest, "command">): ChildProcess {
  const child = spawn({ environment: allVariables(), ...request });
  if (child.pid === null) throw new Error(child.reason);
  return child;
}

function reasonOf(outcome: ChildProcess | SpawnFailure): string {
  return outcome.pid === null ? outcome.reason : `started as ${outcome.pid}`;
}

/** What the command writes to the descriptor `number` that it is given. */
async function captured(
  command: readonly string[],
  number: number,
  rest: Partial<SpawnRequest> = {},
): Promise<string> {
  const { readEnd, writeEnd } = openPipe();
  const child = start({ command, ...rest, descriptors: [{ ours: writeEnd, number }] });
  libc.close(writeEnd);
  await child.exited;
  const bytes = new Uint8Array(4096);
  const count = libc.read(readEnd, bytes, bytes.length);
  libc.close(readEnd);
  return new TextDecoder().decode(bytes.subarray(0, Math.max(0, count)));
}

Deno.test("spawn() resolves with the raw wait status: exit code times 256, or the signal", async () => {
  assertEquals(await start({ command: ["sh", "-c", "exit 3"] }).exited, 3 * 256);
  const sleeping = start({ command: ["sleep", "60"] });
  assert(sendSignal(sleeping.pid, "TERM"));
  assertEquals(await sleeping.exited, 15);
});

Deno.test("spawn() passes a descriptor to the child under the requested number", async () => {
  assertEquals(await captured(["sh", "-c", "echo hello >&9"], 9), "hello\n");
  assertEquals(await captured(["sh", "-c", "echo out"], 1), "out\n");
});

Deno.test("spawn() swaps descriptor numbers without losing a descriptor", async () => {
  const [first, second] = [openPipe(), openPipe()];
  const child = start({
    command: [
      "sh",
      "-c",
      `echo one >/proc/self/fd/${second.writeEnd}; echo two >/proc/self/fd/${first.writeEnd}`,
    ],
    descriptors: [
      { ours: first.writeEnd, number: second.writeEnd },
      { ours: second.writeEnd, number: first.writeEnd },
    ],
  });
  await child.exited;
  const texts = [first, second].map(({ readEnd, writeEnd }) => {
    const bytes = new Uint8Array(16);
    const count = libc.read(readEnd, bytes, bytes.length);
    libc.close(readEnd);
    libc.close(writeEnd);
    return new TextDecoder().decode(bytes.subarray(0, count));
  });
  assertEquals(texts, ["one\n", "two\n"]);
});

Deno.test("spawn() returns a missing program as a value, with its name", () => {
  assertEquals(
    reasonOf(spawn({ command: ["/no/such/program"], environment: {} })),
    "/no/such/program: no such file or directory",
  );
  assertEquals(
    reasonOf(spawn({ command: ["no-such-program-here"], environment: { PATH: "/bin" } })),
    "no-such-program-here: not found in PATH",
  );
});

Deno.test("spawn() returns a missing working directory as a value", () => {
  assertEquals(
    reasonOf(spawn({ command: ["true"], environment: allVariables(), folder: "/no/folder" })),
    "cannot change to the folder /no/folder",
  );
});

Deno.test("spawn() returns a lack of descriptors as a value and leaks none", () => {
  const openFiles = 7;
  const before = new BigUint64Array(2);
  libc.getrlimit(openFiles, before);
  const open = () => libcProcess.open(cString("/dev/null"), O.cloexec, 0);
  const held = [open()];
  try {
    libc.setrlimit(openFiles, new BigUint64Array([BigInt(held[0] + 20), before[1]]));
    for (let fd = open(); fd >= 0; fd = open()) held.push(fd);
    // Room for the first of the two, and not for the second.
    libc.close(held.pop()!);
    const [ours] = held;
    const outcome = spawn({
      command: ["/bin/true"],
      environment: {},
      descriptors: [{ ours, number: 0 }, { ours, number: 1 }],
    });
    assertEquals(reasonOf(outcome), "cannot pass descriptors on: too many open files");
    assertEquals(outcome.pid === null && outcome.errno, Errno.EMFILE);
    held.push(open());
    assert(held.at(-1)! >= 0);
  } finally {
    libc.setrlimit(openFiles, before);
    for (const fd of held) libc.close(fd);
  }
});

Deno.test("spawn() starts the child in the given folder with exactly the given environment", async () => {
  const rest = { folder: "/usr", environment: { A: "1", PATH: "/usr/bin:/bin" } };
  assertEquals(await captured(["sh", "-c", "pwd; env | grep -c ^A=1"], 1, rest), "/usr\n1\n");
});

Deno.test("spawn() runs a script without a shebang line in the shell, as execvp does", async () => {
  const script = await Deno.makeTempFile();
  await Deno.writeTextFile(script, "echo script $1\n");
  await Deno.chmod(script, 0o755);
  assertEquals(await captured([script, "x"], 1), "script x\n");
  await Deno.remove(script);
});

Deno.test("spawn() leaves PIPE ignored and no other signal ignored or blocked", async () => {
  const text = await captured(["grep", "-E", "SigBlk|SigIgn", "/proc/self/status"], 1);
  const masks = [...text.matchAll(/:\s*([0-9a-f]+)/g)].map((match) => BigInt(`0x${match[1]}`));
  assertEquals(masks[0], 0n);
  // Signals 32 and 33 belong to the C library.
  assertEquals(masks[1] & 0x7fffffffn, 1n << 12n);
});

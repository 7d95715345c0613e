/** USR2: the program on disk replaces the supervisor; its pid, sockets and workers stay. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { binaryPath, Child, sleep } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { environmentOf } from "../../support/supervise.ts";

interface Started extends AsyncDisposable {
  readonly child: Child;
  readonly folder: TempFolder;
  /** The copy of the program that runs; tests put others in its place. */
  readonly program: string;
  readonly port: number;
  log(): Promise<string>;
}

async function start(command: readonly string[], flags: readonly string[] = []): Promise<Started> {
  const folder = await tempFolder();
  const program = `${folder.path}/hayate`;
  await Deno.copyFile(binaryPath, program);
  const port = freePort();
  const logFile = `${folder.path}/log`;
  const child = new Child(program, [
    ...["supervise", "--port", `127.0.0.1:${port}`, "--log-file", logFile],
    ...["--pid-file", `${folder.path}/pid`, ...flags, "--", ...command],
  ]);
  return {
    child,
    folder,
    program,
    port,
    log: () => Deno.readTextFile(logFile).catch(() => ""),
    async [Symbol.asyncDispose]() {
      await child.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Waits for the `count`th line that matches. */
async function logged({ child, log }: Started, pattern: RegExp, count = 1): Promise<void> {
  await child.waitUntil(`${count} x ${pattern} in the log`, async () => {
    const lines = (await log()).split("\n").filter((line) => pattern.test(line));
    return lines.length >= count ? true : null;
  });
}

const serve = ["serve", "--workers", "1", "--text", "hi"];
const served = /new worker is now running/;

async function answer(port: number): Promise<string> {
  const text = await rawExchange(
    tcp(port),
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
  );
  return text.split("\r\n\r\n")[1];
}

function descriptorCount(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

peerTest(["wrk"], "USR2 keeps the pid and loses no request, again and again", async () => {
  await using started = await start(serve);
  const { child, folder, program, port } = started;
  await logged(started, /supervises serve/);
  const wrk = new Child("wrk", ["-t1", "-c8", "-d8s", `http://127.0.0.1:${port}/`]);
  const counts: number[] = [];
  for (let round = 1; round <= 3; round++) {
    // As a deploy does it: the new file is renamed over the old one.
    await Deno.copyFile(binaryPath, `${program}.new`);
    await Deno.rename(`${program}.new`, program);
    child.kill("SIGUSR2");
    await logged(started, served, round);
    await logged(started, /old worker \d+ died/, round);
    assertEquals(Deno.statSync(`/proc/${child.pid}/exe`).ino, Deno.statSync(program).ino);
    assertEquals((await Deno.readTextFile(`${folder.path}/pid`)).trim(), String(child.pid));
    // Those of the worker that died are closed a moment after its line in the log.
    const most = counts[1] ?? Infinity;
    await child.waitUntil(`at most ${most} descriptors`, () => {
      counts[round - 1] = descriptorCount(child.pid);
      return counts[round - 1] <= most ? true : null;
    });
  }
  const { stdout } = await wrk.result();
  assert(!/Socket errors|Non-2xx/.test(stdout), stdout);
  await child.waitUntil("no zombie", () => zombiesOf(child.pid) === 0 ? true : null);
  child.kill("SIGHUP");
  await logged(started, served, 4);
  assertEquals(await answer(port), "hi");
});

/** The inode of the program that a process runs; null in the moment of execve(2). */
function programOf(pid: number): number | null {
  try {
    return Deno.statSync(`/proc/${pid}/exe`).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function zombiesOf(parent: number): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z" && Number(ppid) === parent) count++;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) && !isGone(error)) throw error;
    }
  }
  return count;
}

/** ESRCH: it ended between the look at the folder and the read. */
function isGone(error: unknown): boolean {
  return error instanceof Error && /No such process/.test(error.message);
}

const misfits: Record<string, string> = {
  "no program": "not a program\n",
  "a program of another kind": "#!/bin/sh\necho something else\n",
  "a program that fails": "#!/bin/sh\nexit 3\n",
};

for (const [name, text] of Object.entries(misfits)) {
  Deno.test(`USR2 with ${name} on disk changes nothing`, async () => {
    await using started = await start(serve);
    const { child, program, port } = started;
    await logged(started, /supervises serve/);
    await Deno.rename(program, `${program}.old`);
    await Deno.writeTextFile(program, text, { mode: 0o755 });
    child.kill("SIGUSR2");
    await logged(started, /the program is not replaced: .*hayate/);
    assertEquals(await answer(port), "hi");
    await Deno.rename(`${program}.old`, program);
    child.kill("SIGUSR2");
    await logged(started, served);
    assertEquals(await answer(port), "hi");
  });
}

Deno.test("USR2 while a worker starts waits for it; other signals are not lost", async () => {
  await using started = await start(
    ["sh", "-c", "sleep 0.5; echo READY=1 >&$READY_FD; exec sleep 600"],
    ["--ready-notify"],
  );
  const { child, program } = started;
  await logged(started, /starting new worker/);
  child.kill("SIGUSR2");
  await logged(started, /received USR2/);
  await logged(started, served);
  child.kill("SIGUSR2");
  child.kill("SIGHUP");
  await logged(started, served, 2);
  await logged(started, /old worker \d+ died/, 2);
  await Deno.copyFile(binaryPath, `${program}.new`);
  await Deno.rename(`${program}.new`, program);
  const { ino } = await Deno.stat(program);
  child.kill("SIGUSR2");
  // The new program runs, and has no handlers yet.
  for (let looks = 0; programOf(child.pid) !== ino && looks < 5000; looks++) await sleep(1);
  child.kill("SIGTERM");
  const { code } = await child.result();
  assertEquals(code, 0, await started.log());
});

Deno.test("HUP never replaces the program", async () => {
  await using started = await start(serve);
  const { child, program } = started;
  await logged(started, /supervises serve/);
  const before = Deno.statSync(`/proc/${child.pid}/exe`).ino;
  await Deno.copyFile(binaryPath, `${program}.new`);
  await Deno.rename(`${program}.new`, program);
  child.kill("SIGHUP");
  await logged(started, served);
  assertEquals(Deno.statSync(`/proc/${child.pid}/exe`).ino, before);
});

Deno.test("the workers keep their log, and none of the supervisor's descriptors", async () => {
  await using started = await start(
    ["sh", "-c", "while :; do echo still here; sleep 0.1; done"],
    ["--interval", "100ms", "--signal-on-hup", "QUIT"],
  );
  const { child } = started;
  await logged(started, /supervises sh/);
  child.kill("SIGUSR2");
  await logged(started, served);
  await logged(started, /still here/, 20);
  const pid = Number(
    /starting new worker (\d+)\n(?![^]*starting new worker)/.exec(await started.log())?.[1],
  );
  const numbers = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => Number(name));
  assertEquals(
    numbers.filter((fd) => fd > 2 && fd < 10),
    [3, 4].filter((fd) => numbers.includes(fd)),
  );
  assert(!("HAYATE_STATE_FD" in environmentOf(pid)));
});

Deno.test("resume-check says which state this program takes", async () => {
  const { code, stdout } = await new Child(binaryPath, ["supervise", "resume-check"]).result();
  assertEquals(code, 0);
  assertMatch(stdout, /^hayate supervise state \d+\n$/);
});

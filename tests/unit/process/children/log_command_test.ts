import { assert, assertEquals, assertRejects } from "@std/assert";
import { openSink, parseLogTarget } from "../../../../mod/log/mod.ts";
import { startLogCommand } from "../../../../mod/process/children/log_command.ts";

Deno.test("startLogCommand() pipes bytes to a shell command, which exits when its input ends", async () => {
  const folder = await Deno.makeTempDir();
  const command = startLogCommand(`tr a-z A-Z >${folder}/out; exit 3`);
  await command.write(new TextEncoder().encode("hello\n"));
  await command.closeInput();
  assertEquals(await command.ended, "exit 3");
  assertEquals(await Deno.readTextFile(`${folder}/out`), "HELLO\n");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("startLogCommand() rejects writes to a command that has exited", async () => {
  const command = startLogCommand("exec 0<&-; kill -TERM $$");
  assertEquals(await command.ended, "signal TERM");
  await assertRejects(() => command.write(new Uint8Array(10)));
});

Deno.test("openSink() restarts a killed log command for every kind of target", async () => {
  const folder = await Deno.makeTempDir();
  const complaints: string[] = [];
  const target = parseLogTarget(`| echo $$ >>${folder}/pids; cat >>${folder}/out`);
  const sink = openSink(target, {
    complain: (text) => complaints.push(text),
    spawn: startLogCommand,
  });
  async function say(text: string): Promise<void> {
    sink.buffer.text(`${text}\n`);
    sink.endLine();
    sink.flush();
    while (!(await Deno.readTextFile(`${folder}/out`).catch(() => "")).includes(text)) {
      sink.flush();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  await say("one");
  Deno.kill(Number((await Deno.readTextFile(`${folder}/pids`)).trim()), "SIGKILL");
  while (complaints.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await say("two");
  await sink.close();
  assertEquals(await Deno.readTextFile(`${folder}/out`), "one\ntwo\n");
  assert(
    complaints[0].startsWith("log command exited (signal KILL), restarting it in 100 ms"),
    complaints[0],
  );
  await Deno.remove(folder, { recursive: true });
});

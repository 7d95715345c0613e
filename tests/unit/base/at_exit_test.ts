import { assertEquals } from "@std/assert";
import { atExit, runExitHooks } from "../../../mod/base/at_exit.ts";

Deno.test("runExitHooks() runs every hook, though one fails and one was taken back", async () => {
  const ran: string[] = [];
  atExit(() => Promise.reject(new Error("no")));
  atExit(async () => {
    await Promise.resolve();
    ran.push("late");
  });
  const forget = atExit(() => void ran.push("never"));
  forget();
  await runExitHooks(1000);
  assertEquals(ran, ["late"]);
});

Deno.test("runExitHooks() does not wait for ever", async () => {
  atExit(() => new Promise<void>(() => {}));
  await runExitHooks(5);
});

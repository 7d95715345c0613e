import { assertEquals } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import type { Logger } from "../../../../mod/log/mod.ts";
import type { LoadedPlan } from "../../../../mod/proxy/plan/loaded_plan.ts";
import { Reloads } from "../../../../mod/proxy/control/reloads.ts";

/** Runs the callbacks of settled promises. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

function world(load: () => Promise<LoadedPlan>, apply: () => Promise<void> = async () => {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const logger = { info: write, error: write } as unknown as Logger;
  return { lines, reloads: new Reloads({ logger, load, apply }) };
}

const loaded = {} as LoadedPlan;
const received = "received HUP, reading the configuration again";
const stays = "the configuration is not used, the running one stays";

Deno.test("Reloads reports every problem of a configuration, and that nothing has changed", async () => {
  const { lines, reloads } = world(() => Promise.reject(new StartError("[a:1] x\n[a:2] y", 78)));
  reloads.request();
  await turns();
  assertEquals(lines, [received, "[a:1] x", "[a:2] y", stays]);
});

Deno.test("Reloads reports a plan that cannot be applied, and the next one that can", async () => {
  let isFree = false;
  const { lines, reloads } = world(
    () => Promise.resolve(loaded),
    () => isFree ? Promise.resolve() : Promise.reject(new StartError("port in use")),
  );
  reloads.request();
  await turns();
  isFree = true;
  reloads.request();
  await turns();
  const force = "the new configuration is in force";
  assertEquals(lines, [received, "port in use", stays, received, force]);
});

Deno.test("Requests during a reload cause one more reload after it", async () => {
  const waiting: (() => void)[] = [];
  const { lines, reloads } = world(() =>
    new Promise((resolve) => void waiting.push(() => resolve(loaded)))
  );
  for (let i = 0; i < 5; i++) reloads.request();
  await turns();
  assertEquals(waiting.length, 1);
  waiting[0]();
  await turns();
  assertEquals(waiting.length, 2);
  waiting[1]();
  await turns();
  assertEquals([waiting.length, lines.length], [2, 4]);
});

Deno.test("Reloads applies nothing after it was stopped", async () => {
  let applied = 0;
  const { reloads } = world(async () => {
    await turns();
    return loaded;
  }, () => Promise.resolve(void applied++));
  reloads.request();
  reloads.stop();
  await turns();
  await turns();
  reloads.request();
  await turns();
  assertEquals(applied, 0);
});

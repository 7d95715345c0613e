import { assertEquals } from "@std/assert";
import { isoLocal, strftime } from "../../../mod/log/mod.ts";

/** A local time, so that the test does not depend on the zone. */
const date = new Date(2026, 0, 5, 0, 7, 9);

const rows: readonly [string, string][] = [
  ["%Y-%m-%d %H:%M:%S", "2026-01-05 00:07:09"],
  ["%F %T %R %D", "2026-01-05 00:07:09 00:07 01/05/26"],
  ["%a %A %b %B %h", "Mon Monday Jan January Jan"],
  ["%e|%k|%l|%I|%p", " 5| 0|12|12|AM"],
  ["%j %u %w %y %C", "005 1 1 26 20"],
  ["%c", "Mon Jan  5 00:07:09 2026"],
  ["%%%n%t%Q", "%\n\t%Q"],
  ["%s", String(date.getTime() / 1000)],
];
for (const [pattern, expected] of rows) {
  Deno.test(`strftime() formats ${JSON.stringify(pattern)}`, () =>
    assertEquals(strftime(pattern, date), expected));
}

Deno.test("strftime() knows a zone with a half hour", async () => {
  const script = `import { strftime, isoLocal } from "./mod/log/strftime.ts";
    const date = new Date(1795444852000);
    console.log(strftime("%d/%b/%Y:%H:%M:%S %z", date) + " " + isoLocal(date));`;
  const root = new URL("../../..", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    cwd: root,
    env: { TZ: "Asia/Kolkata" },
  }).output();
  assertEquals(
    new TextDecoder().decode(stdout).trim(),
    "23/Nov/2026:20:10:52 +0530 2026-11-23T20:10:52+05:30",
  );
});

Deno.test("isoLocal() reads back to the same second", () => {
  assertEquals(new Date(isoLocal(date)).getTime(), date.getTime());
});

import { assertEquals } from "@std/assert";
import { shapeFaultOf } from "../../../../mod/base/shape.ts";
import {
  ChangeLog,
  changeRecords,
  changesMax,
  describeChange,
} from "../../../../mod/proxy/control/change_log.ts";

const change = { who: "root", upstream: "app", server: "a:1", what: "drained", isRefused: false };

Deno.test("ChangeLog keeps the last changes, and no more of those of an earlier process", () => {
  const log = new ChangeLog();
  for (let at = 0; at < changesMax + 5; at++) log.note({ ...change, what: `${at}` });
  assertEquals(log.records.length, changesMax);
  assertEquals([log.records[0].what, log.records[changesMax - 1].what], ["5", "104"]);
  const next = new ChangeLog();
  next.note({ ...change, what: "new" });
  next.restore([...log.records, ...log.records]);
  assertEquals(next.records.length, changesMax);
  assertEquals(next.records.slice(-2).map(({ what }) => what), ["104", "new"]);
});

Deno.test("ChangeLog cuts long texts, and what it keeps can be read back", () => {
  const log = new ChangeLog();
  log.noteReload("received HUP", "x".repeat(1000));
  log.noteReload("h2o.conf has changed", null);
  assertEquals(log.records.map(({ what, isRefused }) => [what.length, isRefused]), [[303, true], [
    31,
    false,
  ]]);
  assertEquals(shapeFaultOf(JSON.parse(JSON.stringify(log.records)), changeRecords), null);
});

Deno.test("ChangeLog keeps no control characters, of whatever origin", () => {
  const log = new ChangeLog();
  log.note({ ...change, what: "a\x1b[2Jb" });
  log.restore([{ ...log.records[0], atMs: 1, who: "r\no\x07ot" }]);
  assertEquals(log.records.map(({ who, what }) => [who, what]), [["r o ot", "a [2Jb"], [
    "root",
    "a [2Jb",
  ]]);
});

Deno.test("describeChange() names what differs", () => {
  const before = { weight: 1, down: false, route: "" };
  const rows: [Record<string, unknown>, string][] = [
    [before, ""],
    [{ ...before, weight: 5 }, "weight 1 -> 5"],
    [{ ...before, down: true, drain: true }, "taken down, drained"],
    [{ ...before, route: "b" }, 'route "" -> "b"'],
  ];
  for (const [after, expected] of rows) assertEquals(describeChange(before, after), expected);
  assertEquals(
    describeChange({ drain: true, down: true }, {}),
    "no longer draining, no longer down",
  );
});

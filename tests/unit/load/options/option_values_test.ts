import { assertEquals, assertMatch } from "@std/assert";
import { Wrong } from "../../../../mod/cli/mod.ts";
import {
  readConnectTo,
  readPercentiles,
  readStartAt,
} from "../../../../mod/load/options/option_values.ts";

Deno.test("readConnectTo() reads an address for all targets, and curl's form for one", () => {
  const any = { fromHost: null, fromPort: null };
  assertEquals(readConnectTo("10.0.0.1:81"), { ...any, host: "10.0.0.1", port: 81 });
  assertEquals(readConnectTo("[::1]:81"), { ...any, host: "::1", port: 81 });
  assertEquals(readConnectTo("h"), { ...any, host: "h", port: null });
  assertEquals(readConnectTo("a:80:b:90"), { fromHost: "a", fromPort: 80, host: "b", port: 90 });
  assertEquals(readConnectTo("::[::1]:"), { ...any, host: "::1", port: null });
});

Deno.test("readPercentiles() sorts and removes duplicates", () => {
  assertEquals(readPercentiles("99,50, 99.99,50"), [50, 99, 99.99]);
  assertEquals(readPercentiles("50,") instanceof Wrong, true);
});

Deno.test("readStartAt() reads instants, and clock times as their next occurrence", () => {
  const now = Date.UTC(2026, 0, 1);
  assertEquals(readStartAt("@1767225600.5", now), 1767225600500);
  assertEquals(readStartAt("1767225600.5", now), 1767225600500);
  assertEquals(readStartAt("2026-01-31T12:00:00Z", now), Date.UTC(2026, 0, 31, 12));
  const next = readStartAt("00:00", now) as number;
  assertEquals(next >= now && next - now <= 25 * 3600_000, true);
  for (const text of ["soon", "25:00", "12:60", "2026-13-01", "@x", ""]) {
    const { reason } = readStartAt(text, now) as Wrong;
    assertMatch(reason, /^not a time such as /, text);
  }
  const past = readStartAt("2025-12-31T23:00:00Z", now);
  assertEquals(past, new Wrong("this time was 1 hour ago: it must be in the future"));
});

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { compiledSymbols, lazySymbols } from "../../../mod/sys/lazy_symbols.ts";

const symbols = {
  getppid: { parameters: [], result: "i32" },
  parent: { name: "getppid", parameters: [], result: "i32" },
  getpid_parked: { name: "getpid", parameters: [], result: "i32", nonblocking: true },
  strlen: { parameters: ["buffer"], result: "u32" },
  /** Exists in no library. */
  hayate_optional: { parameters: [], result: "i32", optional: true },
  hayate_needed: { parameters: [], result: "i32" },
} as const;

Deno.test("lazySymbols() looks functions up on first access", async () => {
  const calls = lazySymbols(symbols);
  assertEquals(typeof Object.getOwnPropertyDescriptor(calls, "getppid")!.get, "function");
  assertEquals(calls.getppid(), Deno.ppid);
  assertEquals(calls.parent(), Deno.ppid);
  assertEquals(await calls.getpid_parked(), Deno.pid);
  assertEquals(calls.strlen(new TextEncoder().encode("hayate\0")), 6);
  assertStrictEquals(calls.getppid, calls.getppid, "looked up once");
});

Deno.test("lazySymbols() returns null for a missing optional function", () => {
  const calls = lazySymbols(symbols);
  assertEquals(calls.hayate_optional as unknown, null);
  assertEquals(calls.hayate_optional as unknown, null);
});

Deno.test("lazySymbols() throws for a missing function on first access, not before", () => {
  const calls = lazySymbols(symbols);
  assertThrows(() => calls.hayate_needed, TypeError, "Cannot call hayate_needed");
});

Deno.test({
  name: "lazySymbols() binds frequently called functions at once",
  // A bound library stays open for as long as the process lives.
  sanitizeResources: false,
  fn() {
    const calls = lazySymbols(symbols, ["getppid"]);
    assertEquals(typeof Object.getOwnPropertyDescriptor(calls, "getppid")!.value, "function");
    assertEquals(calls.getppid(), Deno.ppid);
    assertThrows(() => lazySymbols(symbols, ["hayate_needed"]), Error);
  },
});

Deno.test({
  name: "compiledSymbols() binds some functions at once and the others on first access",
  sanitizeResources: false,
  fn() {
    const calls = compiledSymbols(symbols, ["getppid"]);
    const kinds = Object.entries(Object.getOwnPropertyDescriptors(calls))
      .filter(([, { value }]) => value !== undefined).map(([name]) => name);
    assertEquals(kinds, ["getppid"]);
    assertEquals(calls.getppid(), Deno.ppid);
    assertEquals(calls.parent(), Deno.ppid);
    assertStrictEquals(calls.parent, calls.parent, "compiled once");
    assertEquals(calls.hayate_optional as unknown, null);
    assertThrows(() => calls.hayate_needed, Error);
    assertThrows(() => compiledSymbols(symbols, ["hayate_needed"]), Error);
  },
});

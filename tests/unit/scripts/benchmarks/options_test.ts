import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions } from "../../../../scripts/benchmarks/options.ts";

const names = ["load", "serve", "grow-peers", "grow-hosts"];

Deno.test("parseOptions() has five runs of five seconds, of one with --quick", () => {
  const usual = parseOptions([], names);
  assertEquals([usual.runs, usual.seconds, usual.quick, usual.only.length], [5, 5, false, 0]);
  assertEquals(parseOptions(["--quick"], names).seconds, 1);
  assertEquals(parseOptions(["--seconds", "3", "--quick"], names).seconds, 3);
});

Deno.test("parseOptions() reads every value, also after an equals sign", () => {
  const options = parseOptions(
    ["--only", "load", "--only=serve", "--runs=7", "--json", "a.json", "--svg=a.svg", "--all"],
    names,
  );
  assertEquals(options.only, ["load", "serve"]);
  assertEquals([options.runs, options.json, options.svg, options.all], [
    7,
    "a.json",
    "a.svg",
    true,
  ]);
});

Deno.test("parseOptions() explains in one line what is wrong", () => {
  const rows: [string[], string][] = [
    [["--quik"], "unknown option --quik"],
    [["quick"], "unknown option quick"],
    [["--only", "shrink*"], "--only shrink*: no such comparison"],
    [["--only", "unknown"], "no such comparison, there are load, serve, grow-peers"],
    [["--runs", "0"], "a whole number above 0 is needed"],
    [["--json"], "--json needs a value"],
  ];
  for (const [argv, expected] of rows) {
    assertThrows(() => parseOptions(argv, names), RangeError, expected);
  }
});

Deno.test("--only chooses the comparisons whose names begin with what precedes an asterisk", () => {
  assertEquals(parseOptions(["--only", "grow-*"], names).only, ["grow-peers", "grow-hosts"]);
});

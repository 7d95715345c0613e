/** The parser handles any command line: it never throws and never hangs. */
import { assert } from "@std/assert";
import { parseOptions } from "../../../mod/cli/mod.ts";
import { sample } from "./sample_table.ts";

const pieces = [
  "--",
  "-",
  "--connections",
  "--connections=",
  "--no-keepalive",
  "--con",
  "-c",
  "-kq",
  "-kqc",
  "-H",
  "=",
  "5",
  "abc",
  "1e9",
  "\n",
  "\u{1f600}",
  "--socket",
  "--even=2",
  "-P-",
  "--=x",
  "---",
];

/**
 * A small generator of numbers from a seed (mulberry32's recurrence), so that a failure can be
 * repeated.
 */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

for (const getopt of [false, true]) {
  Deno.test(`parseOptions() handles 20,000 random command lines, getopt: ${getopt}`, () => {
    const next = numbersFrom(20261123);
    const pick = () => pieces[Math.floor(next() * pieces.length)] as string;
    for (let round = 0; round < 20_000; round++) {
      const argv = Array.from(
        { length: Math.floor(next() * 6) },
        () => next() < 0.2 ? pick() + pick() : pick(),
      );
      const outcome = parseOptions({ ...sample, getopt }, argv);
      if (outcome.kind !== "errors") continue;
      assert(outcome.errors.length > 0, JSON.stringify(argv));
      for (const error of outcome.errors) {
        assert(!/[\x00-\x1f]/.test(error) && error.length < 400, JSON.stringify([argv, error]));
      }
    }
  });
}

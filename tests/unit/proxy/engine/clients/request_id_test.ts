import { assert, assertEquals, assertMatch } from "@std/assert";
import { latin1 } from "../../../../../mod/http/mod.ts";
import { IdGenerator } from "../../../../../mod/proxy/engine/clients/request_id.ts";

function next(generator: IdGenerator): string {
  const bytes = new Uint8Array(40).fill(0x2e);
  generator.write(new Uint16Array(bytes.buffer));
  assertEquals(latin1(bytes, 32, 40), "........");
  return latin1(bytes, 0, 32);
}

Deno.test("IdGenerator implements xoshiro128++", () => {
  const generator = new IdGenerator((words) => words.set([1, 2, 3, 4]));
  // The first outputs of the authors' program with the state 1, 2, 3, 4.
  assertEquals(
    next(generator),
    [641, 1573767, 3222811527, 3517856514].map((word) => word.toString(16).padStart(8, "0"))
      .join(""),
  );
});

Deno.test("IdGenerator repeats no ID, and its digits are uniform", () => {
  const generator = new IdGenerator();
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  for (let i = 0; i < 5000; i++) {
    const id = next(generator);
    assertMatch(id, /^[0-9a-f]{32}$/);
    seen.add(id);
    for (const digit of id) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  }
  assertEquals(seen.size, 5000);
  // 10,000 of each are expected; the bounds are ten standard deviations away.
  for (const count of counts.values()) assert(count > 9000 && count < 11_000, `${count}`);
  assertEquals(counts.size, 16);
});

Deno.test("IdGenerator reseeds after 65536 IDs and replaces an all-zero seed", () => {
  let seeds = 0;
  const generator = new IdGenerator((words) => words.fill(0, seeds++));
  const first = next(generator);
  assert(/[1-9a-f]/.test(first));
  for (let i = 1; i < 65_536; i++) next(generator);
  assertEquals(seeds, 1);
  next(generator);
  assertEquals(seeds, 2);
});

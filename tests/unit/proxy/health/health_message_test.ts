import { assertEquals } from "@std/assert";
import { readHealth, writeHealthRequest } from "../../../../mod/proxy/health/health_message.ts";

Deno.test("writeHealthRequest() leaves an empty service out", () => {
  assertEquals([...writeHealthRequest("")], [0, 0, 0, 0, 0]);
  assertEquals([...writeHealthRequest("ab")], [0, 0, 0, 0, 4, 10, 2, 97, 98]);
  assertEquals([...writeHealthRequest("x".repeat(200)).subarray(0, 8)], [
    0,
    0,
    0,
    0,
    203,
    10,
    200,
    1,
  ]);
});

Deno.test("readHealth() reads the status among other fields, and no message that is cut off", () => {
  const rows: readonly (readonly [bytes: readonly number[], expected: string])[] = [
    [[0, 0, 0, 0, 2, 8, 1], "SERVING"],
    [[0, 0, 0, 0, 2, 8, 2], "NOT_SERVING"],
    [[0, 0, 0, 0, 0], "UNKNOWN"],
    [[0, 0, 0, 0, 2, 8, 9], "9"],
    [[0, 0, 0, 0, 6, 18, 2, 1, 1, 8, 1], "SERVING"],
    [[0, 0, 0, 0, 2, 8], "not readable"],
    [[0, 0, 0, 0, 2, 8, 128], "not readable"],
    [[0, 0, 0, 0, 2, 18, 9], "not readable"],
    [[0, 0, 0, 0, 5, 13, 1, 2, 3, 4], "not readable"],
    [[1, 0, 0, 0, 2, 8, 1], "not readable"],
    [[0, 0, 0], "not readable"],
  ];
  for (const [bytes, expected] of rows) {
    assertEquals(readHealth(Uint8Array.from(bytes)), expected, bytes.join());
  }
});

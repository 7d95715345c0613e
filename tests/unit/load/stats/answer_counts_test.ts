import { assertEquals } from "@std/assert";
import { addAnswerCounts } from "../../../../mod/load/stats/answer_counts.ts";

Deno.test("addAnswerCounts() returns null without counts", () => {
  assertEquals(addAnswerCounts([null, null]), null);
  assertEquals(addAnswerCounts([{ a: 1 }, null, { a: 2 }]), { a: 3 });
});

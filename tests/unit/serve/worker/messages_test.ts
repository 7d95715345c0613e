import { assert, assertEquals } from "@std/assert";
import { readWorkerMessage } from "../../../../mod/serve/worker/messages.ts";

Deno.test("readWorkerMessage() accepts only messages of workers", () => {
  assertEquals(readWorkerMessage({ kind: "ready" }), { kind: "ready" });
  assertEquals(readWorkerMessage({ kind: "retire", why: "x" }), { kind: "retire", why: "x" });
  for (const other of [null, 1, "ready", {}, { kind: "retire" }, { kind: "exec" }]) {
    assert(readWorkerMessage(other) === null);
  }
});

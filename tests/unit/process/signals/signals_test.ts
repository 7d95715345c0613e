import { assert, assertEquals } from "@std/assert";
import {
  addSignalListener,
  processExists,
  readSignalName,
  sendSignal,
  signalName,
  signalNumber,
} from "../../../../mod/process/signals/signals.ts";

Deno.test("readSignalName() accepts names in any case, with and without SIG, and numbers", () => {
  for (const text of ["TERM", "term", "SIGTERM", "sigTerm", "15", " term "]) {
    assertEquals(readSignalName(text), "TERM", text);
  }
  for (const text of ["", "NOPE", "SIG", "0", "99"]) assertEquals(readSignalName(text), null, text);
});

Deno.test("signalName() and signalNumber() are inverse functions", () => {
  for (let number = 1; number <= 31; number++) {
    assertEquals(signalNumber(signalName(number)), number);
  }
});

Deno.test("sendSignal() reaches a listener and returns false for a missing process", async () => {
  let remove = () => {};
  // A signal listener alone does not keep Deno's loop alive.
  const timer = setTimeout(() => {}, 10_000);
  const heard = new Promise<void>((resolve) => remove = addSignalListener("USR2", resolve));
  assert(sendSignal(Deno.pid, "USR2"));
  await heard;
  remove();
  clearTimeout(timer);
  assert(!sendSignal(0x3fffffff, "TERM"));
  assert(processExists(Deno.pid));
  assert(!processExists(0x3fffffff));
});

/** A program inside an executable. */
import { assertEquals } from "@std/assert";
import { encodeAttachment, readAttached } from "../../../../mod/script/esbuild/attachment.ts";
import { insertInto } from "../../../../scripts/packing/insert.ts";
import { elfOf } from "../../../support/elf.ts";
import { tempFolder } from "../../../support/ports.ts";

Deno.test("readAttached() finds what was inserted between the program and its payload", async () => {
  await using folder = await tempFolder();
  const payload = Uint8Array.of(1, 2, 3);
  const program = crypto.getRandomValues(new Uint8Array(5000));
  const whole = insertInto(elfOf(100, payload), [encodeAttachment(program)]);
  const path = await folder.write("whole", "");
  await Deno.writeFile(path, whole);
  assertEquals(readAttached(path), program);
  assertEquals(whole.subarray(0, 100), elfOf(100, payload).subarray(0, 100));
  assertEquals(whole.subarray(-3), payload, "the payload is still at the end");
});

Deno.test("readAttached() finds nothing in other executables and in cut ones", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("other", "");
  await Deno.writeFile(path, elfOf(100, new Uint8Array(50)));
  assertEquals(readAttached(path), null);
  await Deno.writeFile(path, elfOf(100, new Uint8Array(0)));
  assertEquals(readAttached(path), null);
  await Deno.writeFile(
    path,
    insertInto(elfOf(100, new Uint8Array(0)), [encodeAttachment(new Uint8Array(50))]).slice(0, -1),
  );
  assertEquals(readAttached(path), null);
});

/** A program inside an executable. */
import { assertEquals } from "@std/assert";
import { attach, readAttached } from "../../../../mod/script/esbuild/attachment.ts";
import { tempFolder } from "../../../support/ports.ts";

/** An ELF header that says that the file ends after `length` bytes, in one entry of 24 at its end. */
function elfOf(length: number, payload: Uint8Array): Uint8Array {
  const file = new Uint8Array(length + payload.length);
  const view = new DataView(file.buffer);
  view.setBigUint64(0x28, BigInt(length - 24), true);
  view.setUint16(0x3a, 24, true);
  view.setUint16(0x3c, 1, true);
  file.set(payload, length);
  return file;
}

Deno.test("readAttached() finds what attach() put between the program and its payload", async () => {
  await using folder = await tempFolder();
  const payload = Uint8Array.of(1, 2, 3);
  const program = crypto.getRandomValues(new Uint8Array(5000));
  const whole = attach(elfOf(100, payload), program);
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
    attach(elfOf(100, new Uint8Array(0)), new Uint8Array(50)).slice(0, -1),
  );
  assertEquals(readAttached(path), null);
});

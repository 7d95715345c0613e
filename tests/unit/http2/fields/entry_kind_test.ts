import { assertEquals } from "@std/assert";
import {
  EntryKind,
  kindOfValue,
  kindOfViewedValue,
} from "../../../../mod/http2/fields/entry_kind.ts";

Deno.test("a value is judged the same by words as by bytes", () => {
  const bytes = new Uint8Array(16);
  const words = new DataView(bytes.buffer);
  for (let length = 0; length <= 9; length++) {
    for (let place = 0; place < Math.max(1, length); place++) {
      for (let byte = 0; byte < 256; byte++) {
        // What stands around the value must not count.
        bytes.fill(0).fill(0x61, 3, 3 + length);
        if (length > 0) bytes[3 + place] = byte;
        for (const kind of [EntryKind.other, EntryKind.cookie, EntryKind.expect]) {
          assertEquals(
            kindOfViewedValue(kind, words, bytes, 3, 3 + length),
            kindOfValue(kind, bytes, 3, 3 + length),
            `byte ${byte} at ${place} of ${length}`,
          );
        }
      }
    }
  }
});

Deno.test("two faulty bytes in one word do not hide each other", () => {
  const bytes = new Uint8Array(8);
  const words = new DataView(bytes.buffer);
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      bytes.set([0x61, first, second, 0x61]);
      assertEquals(
        kindOfViewedValue(EntryKind.other, words, bytes, 0, 4),
        kindOfValue(EntryKind.other, bytes, 0, 4),
        `bytes ${first}, ${second}`,
      );
    }
  }
});

import { assertEquals } from "@std/assert";
import { Stream } from "../../../../mod/http2/session/stream.ts";
import { StreamTable } from "../../../../mod/http2/session/stream_table.ts";
import { Random } from "../../../fuzz/random.ts";

Deno.test("streams are found until they are removed, in any order", () => {
  const seed = Random.freshSeed();
  const random = new Random(seed);
  const table = new StreamTable();
  const open = new Map<number, Stream>();
  for (let id = 1; id < 8000; id += 2) {
    const stream = new Stream();
    stream.open(id, 0, 0);
    table.add(stream);
    open.set(id, stream);
    // Up to 200 at once; some stay for long, most go in the order in which they came.
    while (open.size > 0 && (open.size > 200 || random.oneIn(2))) {
      const ids = [...open.keys()];
      const gone = random.oneIn(4) ? random.pick(ids) : ids[0];
      table.remove(open.get(gone)!);
      open.delete(gone);
      assertEquals(table.find(gone), null, `seed ${seed}: ${gone} is there`);
    }
    const asked = random.below(id + 2) | 1;
    assertEquals(table.find(asked), open.get(asked) ?? null, `seed ${seed}: ${asked}`);
    assertEquals(table.count, open.size);
  }
  assertEquals(new Set(table.all()), new Set(open.values()));
});

import { assertEquals } from "@std/assert";
import { Heap, HeapEntry } from "../../../mod/base/heap.ts";
import { Random } from "../../fuzz/random.ts";

Deno.test("Heap keeps the least key first, and the lower rank of equal ones", () => {
  const random = new Random(1);
  const heap = new Heap<number>();
  const entries = Array.from({ length: 50 }, (_, index) => new HeapEntry(index, index));
  const inside = new Set<HeapEntry<number>>();
  for (let i = 0; i < 5000; i++) {
    const entry = entries[random.below(entries.length)];
    if (random.below(3) === 0) {
      heap.remove(entry);
      inside.delete(entry);
    } else {
      heap.put(entry, random.below(20));
      inside.add(entry);
    }
    const [least] = [...inside].sort((a, b) => a.key - b.key || a.rank - b.rank);
    assertEquals([heap.first?.item, heap.size], [least?.item, inside.size]);
  }
});

import { staticBytes, staticCount, staticFields, staticOffsets } from "./static_table.ts";

const slotCount = 256;
/** For each slot: the first index of a name that falls into it; 0 for none. */
const firstIndex = new Uint8Array(slotCount);
/** For each of those indices: that of the next name in its slot; 0 for none. */
const nextIndex = new Uint8Array(staticCount + 1);

for (let index = staticCount; index > 0; index--) {
  // Entries with the same name follow each other.
  if (staticFields[index - 2]?.[0] === staticFields[index - 1][0]) continue;
  const slot = slotOf(staticBytes, staticOffsets[4 * index], staticOffsets[4 * index + 1]);
  nextIndex[index] = firstIndex[slot];
  firstIndex[slot] = index;
}

/** The lowest index with the name `[start, end)`, in lower case; 0 for a name that is not there. */
export function staticNameIndex(bytes: Uint8Array, start: number, end: number): number {
  let index = firstIndex[slotOf(bytes, start, end)];
  while (index !== 0 && !isName(index, bytes, start, end)) index = nextIndex[index];
  return index;
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  return ((end - start) * 67 + bytes[start] * 5 + bytes[end - 1] * 3) & (slotCount - 1);
}

function isName(index: number, bytes: Uint8Array, start: number, end: number): boolean {
  const from = staticOffsets[4 * index];
  const length = staticOffsets[4 * index + 1] - from;
  if (length !== end - start) return false;
  for (let i = 0; i < length; i++) if (staticBytes[from + i] !== bytes[start + i]) return false;
  return true;
}

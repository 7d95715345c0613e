import { staticBytes, staticCount, staticOffsets } from "./static_table.ts";

const slotCount = 256;
/** For each slot: the first index of every name that falls into it. */
const candidates: number[][] = Array.from({ length: slotCount }, () => []);

for (let index = staticCount; index > 0; index--) {
  const start = staticOffsets[4 * index];
  const end = staticOffsets[4 * index + 1];
  const list = candidates[slotOf(staticBytes, start, end)];
  const same = list.findIndex((other) => isName(other, staticBytes, start, end));
  if (same < 0) list.push(index);
  else list[same] = index;
}

/** The lowest index with the name `[start, end)`, in lower case; 0 for a name that is not there. */
export function staticNameIndex(bytes: Uint8Array, start: number, end: number): number {
  const list = candidates[slotOf(bytes, start, end)];
  for (let i = 0; i < list.length; i++) if (isName(list[i], bytes, start, end)) return list[i];
  return 0;
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

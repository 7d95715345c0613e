/** Pipelined requests of --template. */
import type { GroupState } from "./group_state.ts";

/** The bytes and end offsets of `count` requests from `index` on, with values that are drawn now. */
export function renderBatch(
  group: GroupState,
  index: number,
  count: number,
): { readonly bytes: Uint8Array; readonly ends: Int32Array } {
  const parts: Uint8Array[] = [];
  const ends = new Int32Array(count);
  let end = 0, at = index;
  for (let each = 0; each < count; each++, at = group.following(at)) {
    const part = bytesOf(group, at);
    parts.push(part);
    ends[each] = end += part.length;
  }
  const bytes = new Uint8Array(end);
  parts.forEach((part, each) => bytes.set(part, each === 0 ? 0 : ends[each - 1]));
  return { bytes, ends };
}

function bytesOf(group: GroupState, index: number): Uint8Array {
  const varying = group.varying(index);
  if (varying === null) return group.plan.batches[index].subarray(0, group.plan.ends[index][0]);
  const values = new Float64Array(varying.valueCount);
  varying.draw(values);
  varying.render(values);
  return varying.bytes.slice(0, varying.length);
}

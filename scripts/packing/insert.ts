/** Puts parts into an executable, where the runtime ends and what `deno compile` has added begins. */
import { elfEnd } from "../../mod/code/executable_file.ts";
import { concat } from "../../mod/std/bytes.ts";

/** The runtime finds its payload from the end of the file, so nothing in front of it is in the way. */
export function insertInto(
  executable: Uint8Array,
  parts: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const end = elfEnd(executable);
  return concat([executable.subarray(0, end), ...parts, executable.subarray(end)]);
}

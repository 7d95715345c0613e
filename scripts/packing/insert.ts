/** Puts parts into an executable, where the runtime ends and what `deno compile` has added begins. */
import { elfEnd } from "../../mod/code/executable_file.ts";

/** The runtime finds its payload from the end of the file, so nothing in front of it is in the way. */
export function insertInto(
  executable: Uint8Array,
  parts: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const end = elfEnd(executable);
  const pieces = [executable.subarray(0, end), ...parts, executable.subarray(end)];
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

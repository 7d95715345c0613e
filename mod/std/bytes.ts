/** The functions of @std/bytes that hayate uses, with the types that the npm package lacks. */
import { concat as untyped } from "@std/bytes/concat";

/** The parts one after another, in an array of their own. */
export const concat: (parts: readonly Uint8Array[]) => Uint8Array<ArrayBuffer> = untyped;

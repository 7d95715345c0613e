/** The functions of @std/async that hayate uses, with the types that the npm package lacks. */
import { delay as untyped } from "@std/async/delay";

/** Resolves after `ms` milliseconds; 0: after one turn of the event loop. */
export const delay: (ms: number) => Promise<void> = untyped;

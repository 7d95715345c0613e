/** The functions of @std/text that hayate uses, with the types that the npm package lacks. */
import { closestString as untyped } from "@std/text/closest-string";

/** The candidate nearest to `word` by edit distance; `candidates` must not be empty. */
export const closestString: (
  word: string,
  candidates: readonly string[],
  options?: { readonly caseSensitive?: boolean },
) => string = untyped;

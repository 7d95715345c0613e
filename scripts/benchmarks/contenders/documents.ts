import type { Place } from "../comparison.ts";

/** The folder that static servers serve. */
export function documentRoot({ folder }: Place): string {
  return `${folder}/documents`;
}

/** A page of 10,000 bytes, the only file in it. */
export const documents = { "documents/index.html": `${"x".repeat(99)}\n`.repeat(100) } as const;

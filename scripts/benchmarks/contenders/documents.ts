import type { Place } from "../comparison.ts";

/** The folder that static servers serve. */
export function documentRoot({ folder }: Place): string {
  return `${folder}/documents`;
}

/** The folder's only file: a page of `bytes` bytes. */
export function documentsOf(bytes: number): Readonly<Record<string, string>> {
  return { "documents/index.html": `${"x".repeat(99)}\n`.repeat(bytes / 100) };
}

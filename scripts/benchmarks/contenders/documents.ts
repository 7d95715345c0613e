import type { Place } from "../comparison.ts";

/** The folder that static servers serve. */
export function documentRoot({ folder }: Place): string {
  return `${folder}/documents`;
}

/** A page of so many bytes, the only file in it. */
export function documentsOf(bytes: number): Readonly<Record<string, string>> {
  return { "documents/index.html": `${"x".repeat(99)}\n`.repeat(bytes / 100) };
}

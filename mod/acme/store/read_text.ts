import { readText as readParentText } from "../../process/privileges/parent_files.ts";

/** The text of a file; null when it is missing or cannot be read: there is nothing to use then. */
export function readText(path: string): string | null {
  try {
    return readParentText(path);
  } catch {
    return null;
  }
}

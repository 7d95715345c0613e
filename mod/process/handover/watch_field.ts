/** How a child tells its supervisor, with its readiness, which files it has read. */
import { list, readShaped } from "../../base/shape.ts";
import { type WatchedFile, watchedFileShape } from "../files/file_watch.ts";

/** Set for a child that shall say what it reads, and for a process without a parent that watches. */
export const watchVariable = "HAYATE_WATCH";

const shape = list(watchedFileShape);
/** A line of sd_notify(3): a JSON array of `WatchedFile`. */
const prefix = "X_HAYATE_FILES=";
/** A datagram of a unix socket must fit into its send buffer (212,992 bytes, unix(7)). */
const bytesMax = 128 * 1024;

/** As many of the files as one datagram holds. */
export function watchField(files: readonly WatchedFile[]): string {
  let some = files;
  let field = prefix + JSON.stringify(some);
  while (field.length > bytesMax) {
    some = some.slice(0, some.length >> 1);
    field = prefix + JSON.stringify(some);
  }
  return field;
}

/** The files of a notification; empty if it names none, or not in this form. */
export function readWatchField(lines: readonly string[]): readonly WatchedFile[] {
  const line = lines.find((one) => one.startsWith(prefix));
  if (line === undefined) return [];
  // Another program may send a line of this name: then nothing is watched.
  const read = readShaped<readonly WatchedFile[]>(line.slice(prefix.length), shape, "it");
  return typeof read === "string" ? [] : read.value;
}

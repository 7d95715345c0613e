/** How log files are opened and rotated; a process without root has a parent that does it for it. */

/** An open log file: the part of `Deno.FsFile` that logs use. */
export interface LogFile {
  writeSync(bytes: Uint8Array): number;
  statSync(): Pick<Deno.FileInfo, "dev" | "ino" | "size">;
  close(): void;
}

export interface LogFiles {
  /** Opens for appending; a new file gets `mode`. Throws what Deno would. */
  open(path: string, mode: number): LogFile;
  /**
   * Renames PATH and its backups where this process may not, if PATH still leads to `file`. False: nobody
   * has.
   */
  rotate(
    path: string,
    backupCount: number,
    file: Pick<Deno.FileInfo, "dev" | "ino">,
  ): boolean;
}

/** Those of this process alone. */
export const ownLogFiles: LogFiles = {
  open: (path, mode) => Deno.openSync(path, { append: true, create: true, mode }),
  rotate: () => false,
};

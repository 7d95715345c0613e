/**
 * Renames a log file to PATH.1, PATH.1 to PATH.2 and so on; the oldest of `backupCount` is replaced.
 * What is missing is left out.
 */
export function shiftBackups(path: string, backupCount: number): void {
  for (let number = backupCount - 1; number >= 1; number--) {
    renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
  }
  renameIfThere(path, `${path}.1`);
}

function renameIfThere(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

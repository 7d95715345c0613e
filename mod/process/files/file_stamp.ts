/**
 * A text that changes when one of the files does: replaced by a rename, written in place, reached by
 * another symbolic link (as the `..data` of a Kubernetes Secret), or given other permissions. A
 * missing file is a state, too.
 */
export function stampOf(paths: readonly string[]): string {
  return paths.map((path) => {
    try {
      // Links are followed. ctime, in seconds, changes with permissions, which mtime does not.
      const { mtime, ctime, size, ino, dev } = Deno.statSync(path);
      return `${mtime?.getTime()}:${ctime?.getTime()}:${size}:${ino}:${dev}`;
    } catch (error) {
      return (error as Error).name;
    }
  }).join(" ");
}

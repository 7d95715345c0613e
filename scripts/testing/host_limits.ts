/** Reads this machine's limits before the tests, to explain failures caused by low ones. */

/** One line per limit that will make tests fail. */
export function hostNotes(): string[] {
  const notes: string[] = [];
  const files = openFilesMax(Deno.readTextFileSync("/proc/self/limits"));
  // A test holds both ends of 10,000 connections in one process, plus other descriptors.
  const filesNeeded = 10_500;
  if (files < filesNeeded) {
    notes.push(
      `open files: ${files} allowed, the contract suite needs ${filesNeeded} (ulimit -Hn, LimitNOFILE)`,
    );
  }
  const freeBytes = Deno.systemMemoryInfo().available;
  if (freeBytes < 1e9) {
    notes.push(`memory: ${(freeBytes / 1e6).toFixed(0)} MB are free, the tests want 1000`);
  }
  if (!hasLoopbackV6()) notes.push("IPv6: no [::1] on this machine, tests of it will fail");
  return notes;
}

/** The soft limit of open files in the text of /proc/PID/limits (proc(5)). */
export function openFilesMax(limits: string): number {
  const soft = limits.match(/^Max open files\s+(\S+)/m)?.[1] ?? "unlimited";
  return soft === "unlimited" ? Infinity : Number(soft);
}

function hasLoopbackV6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch (error) {
    // EADDRNOTAVAIL or EAFNOSUPPORT, which Deno reports as different classes.
    return !(error instanceof Error);
  }
}

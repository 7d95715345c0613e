/**
 * Tests that need somebody else's program (wrk, nginx, chromium, ...): they run where the program is
 * installed and are counted as skipped, with its name, where it is not.
 */

/** Places that a plain user's PATH often lacks; nginx, haproxy and debootstrap live there. */
const extraFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Debian packages without a program of their own: the file by which they are known, and who runs it. */
const libraries: Readonly<Record<string, { readonly file: string; readonly program: string }>> = {
  "python3-prometheus-client": {
    file: "/usr/lib/python3/dist-packages/prometheus_client/__init__.py",
    program: "/usr/bin/python3",
  },
};

const found = new Map<string, string | null>();

/**
 * The full path of `program`, or null where it is not installed. Looked up once. For a library, by
 * its package's name, it is the path of the interpreter that has it.
 */
export function findPeer(program: string): string | null {
  let path = found.get(program);
  if (path === undefined) {
    path = search(program);
    found.set(program, path);
  }
  return path;
}

/** The full path of a program that `peerTest` has already asked for. */
export function peerPath(program: string): string {
  const path = findPeer(program);
  if (path === null) throw new Error(`Cannot run ${program}: it is not installed`);
  return path;
}

/**
 * Registers a test that needs every one of `programs`. Where one is missing, the test is registered
 * as ignored under a name that ends in `[needs PROGRAM]`, which is what scripts/test counts and shows.
 */
export function peerTest(
  programs: string | readonly string[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = [programs].flat().filter((program) => findPeer(program) === null);
  if (missing.length === 0) {
    Deno.test(name, fn);
    return;
  }
  console.log(`skipped: ${name} needs ${missing.join(", ")}`);
  Deno.test({ name: `${name} [needs ${missing.join(", ")}]`, ignore: true, fn });
}

function search(program: string): string | null {
  const library = libraries[program];
  if (library !== undefined) return exists(library.file) ? library.program : null;
  const folders = (Deno.env.get("PATH") ?? "").split(":").concat(extraFolders);
  for (const folder of folders) {
    const path = `${folder}/${program}`;
    if (folder !== "" && isExecutable(path)) return path;
  }
  return null;
}

function exists(path: string): boolean {
  return statOf(path) !== null;
}

function isExecutable(path: string): boolean {
  const info = statOf(path);
  return info !== null && info.isFile && ((info.mode ?? 0) & 0o111) !== 0;
}

function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return null;
    }
    // A file in the middle of the path, for example: PATH may hold anything.
    if (error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

/**
 * Tests that need an external program (wrk, nginx, chromium, ...): they run where the program is
 * installed and otherwise count as skipped, with its name.
 */

/** Folders often missing from a normal user's PATH; nginx, haproxy and debootstrap are there. */
const extraFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Debian packages without a program: the file that identifies them, and their interpreter. */
const libraries: Readonly<Record<string, { readonly file: string; readonly program: string }>> = {
  "python3-grpcio": {
    file: "/usr/lib/python3/dist-packages/grpc/__init__.py",
    program: "/usr/bin/python3",
  },
  "python3-h2": {
    file: "/usr/lib/python3/dist-packages/h2/__init__.py",
    program: "/usr/bin/python3",
  },
  "python3-hpack": {
    file: "/usr/lib/python3/dist-packages/hpack/__init__.py",
    program: "/usr/bin/python3",
  },
  "python3-prometheus-client": {
    file: "/usr/lib/python3/dist-packages/prometheus_client/__init__.py",
    program: "/usr/bin/python3",
  },
};

const newerSuffix = " of scripts/newer_peers";

/**
 * The name of a program of Debian's testing release, for tests that need a later version than the
 * machine's: it is there where scripts/newer_peers has run.
 */
export function newer(program: string): string {
  return program + newerSuffix;
}

/** The root folder of that release. */
export function newerRoot(): string {
  const cache = Deno.env.get("HAYATE_CACHE") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? ""}/.cache`}/hayate`;
  return `${cache}/newer_peers/root`;
}

const found = new Map<string, string | null>();

/**
 * The full path of `program`, or null when it is not installed. Looked up once. For the package
 * name of a library, the path of the interpreter that has it.
 */
export function findPeer(program: string): string | null {
  let path = found.get(program);
  if (path === undefined) {
    path = search(program);
    found.set(program, path);
  }
  return path;
}

/** The full path of a program that `peerTest` has already found. */
export function peerPath(program: string): string {
  const path = findPeer(program);
  if (path === null) throw new Error(`Cannot run ${program}: it is not installed`);
  return path;
}

/**
 * Registers a test that needs all of `programs`. If one is missing, the test is registered as
 * ignored under a name that ends in `[needs PROGRAM]`, which scripts/test counts and prints.
 */
export function peerTest(
  programs: string | readonly string[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  testThatNeeds([programs].flat().filter((program) => findPeer(program) === null), name, fn);
}

/** Registers a test that `peerTest` would skip when anything is `missing`, program or not. */
export function testThatNeeds(
  missing: readonly string[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
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
  if (program.endsWith(newerSuffix)) {
    const path = `${newerRoot()}/../programs/${program.slice(0, -newerSuffix.length)}`;
    return isExecutable(path) ? path : null;
  }
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
    // PATH may contain anything, for example a file in place of a folder.
    if (error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

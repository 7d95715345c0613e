/** Finds programs and their versions, and installs missing ones. */

/** Folders often missing from a normal user's PATH; nginx and haproxy are there. */
const extraFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

interface Peer {
  /** Debian's packages; empty: Debian has none. */
  readonly packages: readonly string[];
  readonly versionFlag: string;
}

const peers: Readonly<Record<string, Peer>> = {
  wrk: { packages: ["wrk"], versionFlag: "-v" },
  nginx: { packages: ["nginx-light"], versionFlag: "-v" },
  h2load: { packages: ["nghttp2-client"], versionFlag: "--version" },
  haproxy: { packages: ["haproxy"], versionFlag: "-v" },
  h2o: { packages: ["h2o"], versionFlag: "-v" },
  unicorn: { packages: ["unicorn"], versionFlag: "-v" },
  start_server: { packages: ["libserver-starter-perl"], versionFlag: "--version" },
  taskset: { packages: ["util-linux"], versionFlag: "-V" },
  bun: { packages: [], versionFlag: "--version" },
  cc: { packages: ["gcc", "libc6-dev"], versionFlag: "--version" },
};

const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Where floor.ts has put its programs; null: they could not be compiled. */
let floorFolder: string | null = null;
/** Where scripts/newer_peers has put its programs. */
let newerFolder: string | null = null;

export function useFloor(folder: string): void {
  floorFolder = folder;
}

/** The peers of `folder`, which scripts/newer_peers has made, take part beside the installed ones. */
export function useNewerPeers(folder: string): void {
  newerFolder = `${Deno.realPathSync(folder)}/programs`;
}

/** Where scripts/newer_peers puts them when it is given no folder; null: it has not run. */
export function newerPeersFolder(): string | null {
  const cache = Deno.env.get("HAYATE_CACHE") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? ""}/.cache`}/hayate`;
  const folder = `${cache}/newer_peers`;
  return isFile(`${folder}/programs/nginx`) ? folder : null;
}

/** The newer one of a peer's program as a path, which `findProgram` accepts; null: there is none. */
export function newerProgram(name: string): string | null {
  if (newerFolder === null || name === "hayate" || name.includes("/")) return null;
  const path = `${newerFolder}/${name}`;
  return isFile(path) ? path : null;
}

/** Why a program cannot take part. */
export function whyAbsent(name: string): string {
  return `${name.startsWith("floor/") ? "cc" : name} is missing`;
}

/**
 * The program's path, or null when it is missing. `hayate` is the output of scripts/build, and
 * `floor/NAME` a program of floor.ts.
 */
export function findProgram(name: string): string | null {
  if (name.startsWith("/")) return isFile(name) ? name : null;
  if (name.startsWith("floor/")) {
    return floorFolder === null ? null : `${floorFolder}/${name.slice("floor/".length)}`;
  }
  if (name === "hayate") {
    const path = Deno.env.get("HAYATE_BINARY") ?? `${root}/dist/hayate`;
    return isFile(path) ? path : null;
  }
  // The Deno that runs this script, which is the version that compiles hayate.
  if (name === "deno") return Deno.execPath();
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return [...folders, ...extraFolders].map((folder) => `${folder}/${name}`).find(isFile) ?? null;
}

/** What to do about a missing program, for a message. */
export function remedy(name: string): string {
  if (name === "hayate") return "run scripts/build";
  if (peers[name]?.packages.length === 0) return `npm install --global ${name}`;
  return "scripts/bench --install, as root";
}

/** The first line of the program's version output. */
export async function versionOf(name: string): Promise<string> {
  const path = findProgram(name);
  if (path === null) return "missing";
  const flag = peers[name.slice(name.lastIndexOf("/") + 1)]?.versionFlag ?? "--version";
  const { stdout, stderr } = await new Deno.Command(path, { args: [flag] }).output();
  const text = new TextDecoder().decode(stdout.length > 0 ? stdout : stderr);
  return text.split("\n")[0].trim();
}

/** Installs every peer program with apt-get. Returns an exit code. */
export async function installPeers(): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error("bench: --install needs root, it runs apt-get install");
    return 1;
  }
  const packages = [...new Set(Object.values(peers).flatMap((peer) => peer.packages))];
  for (
    const args of [["update", "-q"], ["install", "-qy", "--no-install-recommends", ...packages]]
  ) {
    const { code } = await new Deno.Command("apt-get", {
      args,
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (code !== 0) return 1;
  }
  return 0;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

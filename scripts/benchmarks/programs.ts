/** Finds programs and their versions, and installs missing ones. */

/** Folders often missing from a normal user's PATH; nginx and haproxy are there. */
const extraFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Debian's package of each program, and the flag that prints its version. */
const peers: Readonly<Record<string, { readonly package: string; readonly versionFlag: string }>> =
  {
    wrk: { package: "wrk", versionFlag: "-v" },
    nginx: { package: "nginx-light", versionFlag: "-v" },
    h2load: { package: "nghttp2-client", versionFlag: "--version" },
    haproxy: { package: "haproxy", versionFlag: "-v" },
    h2o: { package: "h2o", versionFlag: "-v" },
    unicorn: { package: "unicorn", versionFlag: "-v" },
    start_server: { package: "libserver-starter-perl", versionFlag: "--version" },
    taskset: { package: "util-linux", versionFlag: "-V" },
  };

const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** The program's path, or null when it is missing. `hayate` is the output of scripts/build. */
export function findProgram(name: string): string | null {
  if (name === "hayate") {
    const path = Deno.env.get("HAYATE_BINARY") ?? `${root}/dist/hayate`;
    return isFile(path) ? path : null;
  }
  // The Deno that runs this script, which is the version that compiles hayate.
  if (name === "deno") return Deno.execPath();
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return [...folders, ...extraFolders].map((folder) => `${folder}/${name}`).find(isFile) ?? null;
}

/** Programs of `folder`, which scripts/newer_peers has made, are found first. */
export function preferPeers(folder: string): void {
  const path = `${Deno.realPathSync(folder)}/programs`;
  Deno.env.set("PATH", `${path}:${Deno.env.get("PATH") ?? ""}`);
}

/** What to do about a missing program, for a message. */
export function remedy(name: string): string {
  if (name === "hayate") return "run scripts/build";
  return "scripts/bench --install, as root";
}

/** The first line of the program's version output. */
export async function versionOf(name: string): Promise<string> {
  const path = findProgram(name);
  if (path === null) return "missing";
  const flag = peers[name]?.versionFlag ?? "--version";
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
  const packages = [...new Set(Object.values(peers).map((peer) => peer.package))];
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

/** Free ports and temporary folders for tests. */

/**
 * The ports that tests take: below those that Linux gives to outgoing connections and to port 0
 * (32768, ip(7)), and above 10080, which browsers refuse.
 */
const allPorts = { first: 11_000, count: 21_000 };
const [lane, lanes] = (Deno.env.get("HAYATE_TEST_LANE") ?? "0/1").split("/").map(Number);
const laneCount = Math.floor(allPorts.count / lanes);
const laneFirst = allPorts.first + lane * laneCount;
let next = Math.floor(Math.random() * laneCount);

/**
 * A TCP port that is currently free on 127.0.0.1, never the same twice in one test process, nor in
 * two that scripts/test runs at the same time (HAYATE_TEST_LANE is `LANE/LANES`). Prefer port 0
 * where the program under test can report its port. None ends in 443, where the appliance uses TLS.
 */
export function freePort(): number {
  for (let attempt = 0; attempt < laneCount; attempt++) {
    const port = laneFirst + next;
    next = (next + 1) % laneCount;
    if (port % 1000 !== 443 && isFree(port)) return port;
  }
  throw new Error(`Cannot find a free port from ${laneFirst} to ${laneFirst + laneCount - 1}`);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** A temporary folder for one test; `await using` removes it. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes `text` to `name` in the folder and returns the full path. */
  write(name: string, text: string, mode?: number): Promise<string>;
}

/** Makes a temporary folder with a short path, so that unix sockets fit (108 bytes, unix(7)). */
export async function tempFolder(): Promise<TempFolder> {
  const path = await Deno.makeTempDir({ prefix: "hyt-" });
  return {
    path,
    async write(name, text, mode) {
      const file = `${path}/${name}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, text, mode === undefined ? {} : { mode });
      return file;
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}

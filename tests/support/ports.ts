/** Free ports and temporary folders for tests. */

const handedOut = new Set<number>();

/**
 * A TCP port that is currently free on 127.0.0.1, never the same twice in one test process. Prefer
 * port 0 where the program under test can report its port. None ends in 443, where the appliance
 * uses TLS.
 */
export function freePort(): number {
  for (let attempt = 0; attempt < 100; attempt++) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    if (handedOut.has(port) || port % 1000 === 443) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error("Cannot find a free port: 100 attempts gave only known ones");
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

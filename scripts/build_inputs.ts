/** The files that determine the bytes of `dist/hayate`, and a digest over them. */

/** Paths relative to `root`, sorted, so that the digest does not depend on the order of a directory. */
export async function listInputs(root: string): Promise<string[]> {
  const scripts = ["build.ts", "compile_program.ts", "denort.ts", "esbuild.ts"]
    .map((name) => `scripts/${name}`);
  const inputs = ["main.ts", "deno.json", "deno.lock", ...scripts];
  await walk(root, "mod", inputs);
  await walk(root, "scripts/packing", inputs);
  return inputs.sort();
}

async function walk(root: string, folder: string, into: string[]): Promise<void> {
  for await (const entry of Deno.readDir(`${root}/${folder}`)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) await walk(root, path, into);
    else if (entry.isFile) into.push(path);
  }
}

/** SHA-256 over names and contents, as hex. A missing file counts as empty, so that adding it changes the digest. */
export async function hashFiles(root: string, paths: readonly string[]): Promise<string> {
  const parts: string[] = [Deno.version.deno];
  for (const path of paths) {
    const bytes = await Deno.readFile(`${root}/${path}`).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return new Uint8Array(0);
      throw error;
    });
    parts.push(`${path} ${await sha256Hex(bytes)}`);
  }
  return await sha256Hex(new TextEncoder().encode(parts.join("\n")));
}

/** SHA-256 of `bytes` as lower-case hex. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

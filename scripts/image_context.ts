/**
 * The build context of the image: the sources, and a `toolchain/` with what this machine has already
 * fetched (Deno, denort, esbuild, the packages of deno.lock), so that the build inside the image needs no
 * registry.
 */
import { ensureDenort, hostCpu } from "./denort.ts";
import { ensureEsbuild, ensurePackedEsbuild, fileName, packedName } from "./esbuild.ts";

/** Makes the folder and returns its path; the caller removes it. */
export async function makeContext(root: string): Promise<string> {
  const context = await Deno.makeTempDir({ prefix: "hayate-image-" });
  for (const name of ["Dockerfile", ".dockerignore", "main.ts", "deno.json", "deno.lock"]) {
    await Deno.copyFile(`${root}/${name}`, `${context}/${name}`);
  }
  for (const name of ["mod", "scripts"]) await copyTree(`${root}/${name}`, `${context}/${name}`);
  await copyToolchain(root, `${context}/toolchain`);
  return context;
}

async function copyToolchain(root: string, target: string): Promise<void> {
  const version = Deno.version.deno;
  await Deno.mkdir(`${target}/deno-${version}`, { recursive: true });
  await Deno.copyFile(Deno.execPath(), `${target}/deno-${version}/deno`);
  const denort = await ensureDenort();
  if (denort !== null) await Deno.copyFile(denort, `${target}/denort-${version}-${hostCpu()}`);
  await Deno.copyFile(await ensureEsbuild(), `${target}/${fileName(hostCpu())}`);
  await Deno.copyFile(await ensurePackedEsbuild(), `${target}/${packedName(hostCpu())}`);
  await copyPackages(root, `${target}/deno-dir`);
  await copyBundler(root, `${target}/deno-dir`);
}

/** Copies the bundler, which Deno would fetch from the registry on first use. */
async function copyBundler(root: string, target: string): Promise<void> {
  await deno(["bundle", "--quiet", "--no-config", `${root}/mod/base/version.ts`], root);
  const info = JSON.parse(await deno(["info", "--json"], root)) as { denoDir: string };
  await copyTree(`${info.denoDir}/dl`, `${target}/dl`);
}

/** Copies the packages pinned by deno.lock from Deno's cache, after filling the cache. */
async function copyPackages(root: string, target: string): Promise<void> {
  await deno(["cache", "--quiet", `${root}/main.ts`], root);
  const info = JSON.parse(await deno(["info", "--json"], root)) as { npmCache: string };
  const lock = JSON.parse(await Deno.readTextFile(`${root}/deno.lock`)) as { npm?: object };
  for await (const registry of Deno.readDir(info.npmCache)) {
    for (const entry of Object.keys(lock.npm ?? {})) {
      // "name@1.2.3", "@scope/name@1.2.3", "name@1.2.3_peer@4.5.6"
      const [, name, version] = entry.match(/^(@?[^@]+)@([^_]+)/) ?? ["", entry, ""];
      const from = `${info.npmCache}/${registry.name}/${name}`;
      const to = `${target}/npm/${registry.name}/${name}`;
      if (!await isFolder(`${from}/${version}`)) continue;
      await copyTree(`${from}/${version}`, `${to}/${version}`);
      // Exists only for packages that Deno had to look up; with deno.lock most need no look-up.
      await copyIfThere(`${from}/registry.json`, `${to}/registry.json`);
    }
  }
}

async function deno(args: string[], cwd: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
    stderr: "inherit",
  });
  const { success, stdout } = await command.output();
  if (!success) throw new Error(`Cannot run deno ${args.join(" ")}`);
  return new TextDecoder().decode(stdout);
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyTree(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else if (entry.isFile) await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await Deno.copyFile(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

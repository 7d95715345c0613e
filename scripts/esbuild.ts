/**
 * `esbuild`, the program that links an app's modules, attached to hayate for `mod/script`.
 *
 * It is a program, not a module, so deno.json cannot name it: the package is fetched as Deno fetches
 * every package, and the program is checked against a known SHA-256.
 */
import { esbuildVersion } from "../mod/script/esbuild/version.ts";
import { compress } from "../mod/std/compressor.ts";
import { sha256Hex } from "./build_inputs.ts";
import { cacheFolder, type Cpu, exists, hostCpu } from "./denort.ts";

const sha256s: Readonly<Record<Cpu, string>> = {
  x64: "e1698a3d5c6c0798fee4fd3b5cc816651f460c63d390a7a26ea4beb0b1884100",
  arm64: "90bd269553d258e80b19e3ccab4f98f0831f87442a2f056510ce24fd1b425fc2",
};

/** The path of the verified program for `cpu`. Throws with one line when it cannot be fetched. */
export async function ensureEsbuild(cpu: Cpu = hostCpu()): Promise<string> {
  const cached = `${cacheFolder()}/${fileName(cpu)}`;
  if (await exists(cached)) return cached;
  const program = await fetchProgram(cpu);
  const found = await sha256Hex(program);
  if (found !== sha256s[cpu]) {
    throw new Error(`esbuild for ${cpu} has SHA-256 ${found}, expected ${sha256s[cpu]}`);
  }
  await keep(cached, program);
  return cached;
}

/**
 * Zstandard's highest level below those that need more memory to unpack. It makes 4.0 MB of 11.4, where
 * the gzip of images makes 4.7; gzip and Brotli take as long or longer to unpack.
 */
const packedLevel = 19;

/** Like `ensureEsbuild`, packed as it is attached to the program: packing takes ten seconds, once. */
export async function ensurePackedEsbuild(cpu: Cpu = hostCpu()): Promise<string> {
  const cached = `${cacheFolder()}/${packedName(cpu)}`;
  if (await exists(cached)) return cached;
  const program = await Deno.readFile(await ensureEsbuild(cpu));
  await keep(cached, compress(program, "zstd", packedLevel));
  return cached;
}

/** Renamed at the end: a build that runs beside this one never reads half a file. */
async function keep(path: string, content: Uint8Array): Promise<void> {
  await Deno.mkdir(cacheFolder(), { recursive: true });
  const fresh = `${path}.new-${Deno.pid}`;
  await Deno.writeFile(fresh, content, { mode: 0o755 });
  await Deno.rename(fresh, path);
}

/** Its name in the cache folder. */
export function fileName(cpu: Cpu): string {
  return `esbuild-${esbuildVersion}-${cpu}`;
}

/** The packed one's; "sized": the length is in front of it. */
export function packedName(cpu: Cpu): string {
  return `${fileName(cpu)}-sized.zst`;
}

async function fetchProgram(cpu: Cpu): Promise<Uint8Array<ArrayBuffer>> {
  const name = `@esbuild/linux-${cpu}`;
  await deno(["cache", "--quiet", "--no-config", "--no-lock", `npm:${name}@${esbuildVersion}`]);
  const { npmCache } = JSON.parse(await deno(["info", "--json"])) as { npmCache: string };
  for await (const registry of Deno.readDir(npmCache)) {
    const path = `${npmCache}/${registry.name}/${name}/${esbuildVersion}/bin/esbuild`;
    if (await exists(path)) return await Deno.readFile(path);
  }
  throw new Error(`npm's ${name}@${esbuildVersion} has no bin/esbuild`);
}

async function deno(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: "/",
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  const reason = new TextDecoder().decode(stderr).trim().split("\n")[0];
  throw new Error(`cannot fetch esbuild ${esbuildVersion} from npm: ${reason}`);
}

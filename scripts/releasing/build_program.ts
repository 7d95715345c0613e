/** Builds the binary for one CPU from a commit; the same commit produces the same bytes, but for V8's caches. */
import { compileProgram } from "../compile_program.ts";
import { type Cpu, ensureDenort } from "../denort.ts";
import { ensurePackedEsbuild } from "../esbuild.ts";
import { makeContext } from "../image_context.ts";
import { emulatorFor } from "./emulator.ts";

const targets = { x64: "x86_64-unknown-linux-gnu", arm64: "aarch64-unknown-linux-gnu" } as const;

/** e_machine of elf(5). */
const machines = { x64: 62, arm64: 183 } as const;

/** The commit to release. */
export interface Commit {
  readonly hash: string;
  readonly date: Date;
}

/**
 * Compiles the sources of `commit` for `cpu` in a separate folder, and returns the path of the
 * binary in `folder`.
 *
 * The payload of `deno compile` records each file's modification time: all get the commit's time.
 * The bundler names files after the paths of the sources: hence one fixed path for all builds. The only
 * remaining difference is the name of the package registry, which is a folder in that path.
 */
export async function buildProgram(
  root: string,
  commit: Commit,
  cpu: Cpu,
  folder: string,
): Promise<string> {
  const sources = `${folder}/sources`;
  await exportSources(root, commit, sources);
  const context = await moveToFixedPlace(await makeContext(sources));
  try {
    const denort = await ensureDenort(cpu);
    const output = `${folder}/hayate`;
    const emulator = await emulatorFor(cpu);
    if (typeof emulator === "string") console.log(`  without V8's caches: ${emulator}`);
    await compileProgram({
      root: context,
      output,
      bundle: `${context}/bundle`,
      env: {
        DENO_DIR: `${context}/toolchain/deno-dir`,
        ...(denort === null ? {} : { DENORT_BIN: denort }),
      },
      esbuild: await ensurePackedEsbuild(cpu),
      target: targets[cpu],
      seal: (files) => setTimes(files, commit.date),
      emulator: typeof emulator === "string" ? null : emulator,
    });
    await checkMachine(output, cpu);
    return output;
  } finally {
    await Deno.remove(context, { recursive: true });
  }
}

/** Writes the files of `commit` into `folder`. */
export async function exportSources(root: string, commit: Commit, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const script = 'git -C "$1" archive "$2" | tar -x -C "$3"';
  await run("bash", ["-o", "pipefail", "-c", script, "bash", root, commit.hash, folder]);
}

/** The same on every machine, regardless of TMPDIR. */
const fixedPlace = "/tmp/hayate-release";

/** Renames the folder where possible instead of copying it. */
async function moveToFixedPlace(folder: string): Promise<string> {
  const isThere = await Deno.lstat(fixedPlace).then(() => true, () => false);
  if (isThere) {
    await Deno.remove(folder, { recursive: true });
    throw new Error(
      `${fixedPlace} exists: another release is being made, or was interrupted; then remove it`,
    );
  }
  await run("mv", [folder, fixedPlace]);
  return fixedPlace;
}

/** Sets the same modification time on everything below `folder`. */
async function setTimes(folder: string, date: Date): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) await setTimes(path, date);
    await Deno.utime(path, date, date);
  }
}

async function checkMachine(path: string, cpu: Cpu): Promise<void> {
  using file = await Deno.open(path);
  const head = new Uint8Array(20);
  await file.read(head);
  const machine = new DataView(head.buffer).getUint16(18, true);
  if (machine !== machines[cpu]) {
    throw new Error(`The binary for ${cpu} is for machine ${machine}, not ${machines[cpu]}`);
  }
}

/** Runs a program to its end; shows its output when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  cwd?: string,
  env?: Record<string, string>,
): Promise<string> {
  const command = new Deno.Command(program, {
    args: [...args],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  const said = (decoder.decode(stderr) + decoder.decode(stdout)).trim().split("\n").slice(-20);
  throw new Error(`Cannot run ${program} ${args[0] ?? ""}:\n${said.join("\n")}`);
}

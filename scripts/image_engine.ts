/** Docker or buildah: detects which one works here, and how each builds the Dockerfile. */

/** One line on what the user must fix before an image can be built. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

/** Builds an image `tag` from a folder with a Dockerfile; `args` are its build arguments. */
export interface Engine {
  readonly name: "docker" | "buildah";
  build(context: string, tag: string, args?: Readonly<Record<string, string>>): Promise<void>;
}

const baseImage = "docker.io/library/debian:trixie-slim";
const scripts = new URL(".", import.meta.url).pathname;

/** Docker if its engine answers (the client alone cannot build), else buildah. */
export async function findEngine(): Promise<Engine> {
  if (await succeeds("docker", ["info"])) return engineOf("docker", dockerFlags);
  if (await succeeds("buildah", ["--version"])) return engineOf("buildah", buildahFlags);
  throw new ImageError(
    "neither a docker engine nor buildah is here: install one (apt-get install buildah)",
  );
}

const dockerFlags = ["--network", "host"];
const buildahFlags = [
  "--isolation",
  "chroot",
  "--network",
  "host",
  "--pull-never",
  "--layers=false",
  // OCI's own format has no HEALTHCHECK.
  "--format",
  "docker",
];

function engineOf(name: Engine["name"], flags: readonly string[]): Engine {
  return {
    name,
    async build(context, tag, args = {}) {
      await ensureBaseImage(name);
      const buildArgs = Object.entries(args).flatMap((entry) => ["--build-arg", entry.join("=")]);
      await run(name, ["build", ...flags, ...buildArgs, "-t", tag, context]);
    },
  };
}

/** Tries the engine's own pull first; in a closed network, makes an image from Debian packages. */
async function ensureBaseImage(engine: Engine["name"]): Promise<void> {
  if (await succeeds(engine, ["inspect", "--type", "image", baseImage])) return;
  if (await succeeds(engine, ["pull", "--quiet", baseImage])) return;
  if (Deno.uid() !== 0 || !await succeeds("debootstrap", ["--version"])) {
    throw new ImageError(
      `${baseImage} cannot be pulled here; scripts/base_image makes it as root from Debian's packages`,
    );
  }
  await run(`${scripts}base_image`, [engine]);
}

/** True when the program exists and exits with 0. Prints nothing. */
async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(60_000),
    });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a program to its end; a failure includes the last lines of its output. */
async function run(program: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return;
  const decoder = new TextDecoder();
  const lines = (decoder.decode(stdout) + decoder.decode(stderr)).trimEnd().split("\n");
  throw new ImageError(`${program} ${args[0] ?? ""} failed:\n${lines.slice(-25).join("\n")}`);
}

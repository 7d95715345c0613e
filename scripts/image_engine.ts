/** Docker or buildah: which one works here, and how each builds the Dockerfile. */

/** What the user has to mend before an image can be built; one line. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

/** Builds an image `tag` from a folder with a Dockerfile; `args` are its build arguments. */
export interface Engine {
  readonly name: "docker" | "buildah";
  build(context: string, tag: string, args?: Readonly<Record<string, string>>): Promise<void>;
}

const baseImage = "docker.io/library/debian:bookworm-slim";
const scripts = new URL(".", import.meta.url).pathname;

/** Docker where its engine answers (its client alone builds nothing), else buildah. */
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

/** The engine's own pull first; in a closed network, an image made of Debian's packages. */
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

/** True when the program is there and exits with 0. Says nothing. */
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

/** Runs to the end; a failure shows the last lines of what the program said. */
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
